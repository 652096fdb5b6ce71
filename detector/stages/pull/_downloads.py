"""Images that must be downloaded, four at a time; what was downloaded once is not asked for again.

    datasets/<name>/pulled/downloads.jsonl      one line for each address: what its image was

A line is written as soon as its image is in the store, so a killed run goes on where it was. An address stands for
its image for good; `--force pull` fetches all images anew, and so those that were replaced under their address.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detector.data.images import Pixels, ingest_one, stored
from detector.data.places import STORE
from detector.errors import DetectorError
from detector.label_studio.client import Connection
from detector.label_studio.download import Unusable, fetch
from detector.stages import Job
from detector.system.files import write_whole

_NOT_HAD = {"missing_image", "private_host"}
AT_ONCE = 4  # more gain nothing: a Label Studio server gave 64 images a second to 4 threads, and 69 to 16


def download(connection: Connection, images: Iterable[tuple[str, int]], job: Job[Any]) -> list[Pixels]:
    """The pixels of each (reference, task) of `images`, in the store.

    Raises DetectorError when there are images, and not one of them can be had: then it is no image that is missing.
    """
    images = list(images)
    store, index = job.datasets / STORE, job.datasets / "pulled" / "downloads.jsonl"
    index.parent.mkdir(parents=True, exist_ok=True)
    prefix = connection.url + " "  # the same path on another server is another image
    before = {} if job.forced else _read(index, prefix)
    known = {source: pixels for source, pixels in before.items() if _is_stored(pixels, store)}
    needed = {source: task for source, task in images if source not in known}
    with (
        index.open("a", encoding="utf-8") as lines,
        TemporaryDirectory(dir=job.folder) as scratch,
        job.report.progress("images", len(needed)) as advance,
    ):
        for source, pixels in _fetched(connection, needed, Path(scratch), store):
            known[source] = pixels
            if not pixels.problem:
                lines.write(f"\n{json.dumps([prefix + source, *pixels[:5]])}")  # a torn line spoils no other
                lines.flush()
            advance(1)
    fetched = [known[source] for source, _ in images]
    _refuse_if_all_missing(images, fetched)
    return fetched


def _read(index: Path, prefix: str) -> dict[str, Pixels]:
    known = {}
    for line in index.read_text(encoding="utf-8").splitlines() if index.exists() else []:
        try:
            address, *pixels = json.loads(line)
        except ValueError:
            continue
        if address.startswith(prefix):
            known[address.removeprefix(prefix)] = Pixels(*pixels)
    return known


def _is_stored(pixels: Pixels, store: Path) -> bool:
    return stored(store, pixels.sha256, pixels.extension).exists()


def _fetched(
    connection: Connection, needed: Mapping[str, int], scratch: Path, store: Path
) -> Iterator[tuple[str, Pixels]]:
    """Each reference with its pixels, as they come."""

    def one(number: int, source: str, task: int) -> tuple[str, Pixels]:
        target = scratch / str(number)
        pixels = _ingested(connection, source, task, target, store)
        if pixels.problem == "broken_image":  # something on the way may have cut it, and have said that it was whole
            pixels = _ingested(connection, source, task, target, store)
        return source, pixels

    with _pool() as pool:
        waiting = [pool.submit(one, number, *item) for number, item in enumerate(needed.items())]
        for done in as_completed(waiting):
            yield done.result()


def _ingested(connection: Connection, source: str, task: int, target: Path, store: Path) -> Pixels:
    try:
        why = fetch(connection, source, task, target)
    except Unusable as error:
        return Pixels(problem=error.reason, detail=f"{source}: {error}")
    if why is not None:
        return Pixels(problem="missing_image", detail=f"{source}: {why}")
    pixels = ingest_one(target, store)
    target.unlink()
    return pixels._replace(detail=pixels.detail and pixels.detail.replace(target.name, source, 1))


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that, on an error, finish what they have in hand and begin nothing more."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _refuse_if_all_missing(images: list[tuple[str, int]], fetched: list[Pixels]) -> None:
    if fetched and all(pixels.problem in _NOT_HAD for pixels in fetched):
        raise DetectorError(
            f"not one of the project's {len(fetched)} images can be fetched, as task {images[0][1]} shows:"
            f" {fetched[0].detail}; see that Label Studio itself shows them"
        )


def remember_failed(file: Path, sources: Sequence[str], pixels: Sequence[Pixels]) -> None:
    """A digest of the images that failed: a state that differs from the one before, so that the next run tries again.

    When the same ones fail again, nothing differs, and they are tried with the next change.
    """
    failed = {source: str(known.problem) for source, known in zip(sources, pixels, strict=True) if known.problem}
    if failed:
        write_whole(file, hashlib.sha256(json.dumps(failed, sort_keys=True).encode()).hexdigest()[:12])
    else:
        file.unlink(missing_ok=True)
