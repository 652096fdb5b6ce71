"""Images that must be downloaded, four at a time; what was downloaded once is not asked for again.

    datasets/<name>/pulled/downloads.jsonl      one line for each address: what its image was

A line is written as soon as its image is in the store, so a killed run goes on where it was. An address, without what
is secret in it, stands for its image for good; one that had a token stands for it together with its task.
`--force pull` fetches all images anew, and so those that were replaced under their address.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, NamedTuple

from detector.data.images import Pixels, ingest_one, stored
from detector.data.places import STORE
from detector.errors import DetectorError
from detector.label_studio.client import Connection
from detector.label_studio.download import Unusable, fetch
from detector.secrets import is_whole, names_a_picture, public
from detector.system.files import write_whole
from detector.system.progress import Progress

_NOT_HAD = {"missing_image", "private_host"}
AT_ONCE = 4  # more gain nothing: a Label Studio server gave 64 images a second to 4 threads, and 69 to 16


class Shown(NamedTuple):
    """An image that a task shows: its address without secrets, the task, and the control that shows it."""

    source: str
    task: int
    field: str

    @property
    def name(self) -> str:
        """What it is known by: the same with another signature, and never another picture's."""
        return self.source if names_a_picture(self.source) else f"{self.source} {self.task} {self.field}"


class Into(NamedTuple):
    """The pipeline's `datasets`, a folder for files on their way, who is told, and whether to fetch what is known."""

    datasets: Path
    scratch: Path
    progress: Progress
    anew: bool = False


Whole = Callable[[Collection[int]], Mapping[tuple[int, str], str]]  # tasks → (task, field) → its whole address


def download(connection: Connection, images: Sequence[Shown], into: Into, whole: Whole) -> list[Pixels]:
    """The pixels of each of `images`, in the store. `whole` is asked for addresses that had secrets."""
    store, index = into.datasets / STORE, into.datasets / "pulled" / "downloads.jsonl"
    index.parent.mkdir(parents=True, exist_ok=True)
    prefix = connection.url + " "  # the same path on another server is another image
    before = {} if into.anew else _read(index, prefix)
    known = {name: pixels for name, pixels in before.items() if _is_stored(pixels, store)}
    needed = _addresses([image for image in images if image.name not in known], whole)
    tasks = {address: image.task for address, (image, *_) in needed.items() if _earlier(address) not in known}
    with index.open("a", encoding="utf-8") as lines, into.progress("images", len(tasks)) as advance:

        def keep(address: str, pixels: Pixels) -> None:
            for name in dict.fromkeys(image.name for image in needed[address]):
                known[name] = pixels
                if not pixels.problem:
                    lines.write(f"\n{json.dumps([prefix + name, *pixels[:5]])}")  # a torn line spoils no other
            lines.flush()

        def take(address: str, pixels: Pixels) -> None:
            keep(address, pixels)
            advance(1)

        for address in needed.keys() - tasks.keys():
            keep(address, known[_earlier(address)])
        with TemporaryDirectory(dir=into.scratch) as scratch:
            _fetch(connection, tasks, Path(scratch), store, take)
    return [known[image.name] for image in images]


def _addresses(images: Sequence[Shown], whole: Whole) -> dict[str, list[Shown]]:
    """The address of each image, and those that have it."""
    hidden = {image.task for image in images if not is_whole(image.source)}
    known = whole(hidden) if hidden else {}
    addresses: dict[str, list[Shown]] = {}
    for image in images:
        addresses.setdefault(known.get((image.task, image.field), image.source), []).append(image)
    return addresses


def _read(index: Path, prefix: str) -> dict[str, Pixels]:
    """What is known, by name; secrets that an earlier release left in the file are taken out of it."""
    lines = index.read_text(encoding="utf-8").splitlines() if index.exists() else []
    entries = list(_entries(lines))
    discreet = [[_discreet(entry[0]), *entry[1:]] for entry in entries]
    if discreet != entries:
        write_whole(index, "".join(f"\n{json.dumps(entry)}" for entry in discreet))
    return {name.removeprefix(prefix): Pixels(*pixels) for name, *pixels in discreet if name.startswith(prefix)}


def _entries(lines: Iterable[str]) -> Iterator[list[Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _discreet(key: str) -> str:
    """A key of the index, which is a server and a name, without the secrets that it may have."""
    server, _, name = key.partition(" ")
    return key if public(name) == name else f"{server} {_earlier(name)}"


def _earlier(address: str) -> str:
    """What stands for an address with secrets that an earlier release knew an image by."""
    return f"{public(address)} {hashlib.sha256(address.encode()).hexdigest()[:16]}"


def _is_stored(pixels: Pixels, store: Path) -> bool:
    return stored(store, pixels.sha256, pixels.extension).exists()


def _fetch(
    connection: Connection,
    needed: Mapping[str, int],
    scratch: Path,
    store: Path,
    take: Callable[[str, Pixels], None],
) -> None:
    """Give each address and its pixels to `take`, one at a time, as soon as the image is in the store.

    So what came is known even if another one fails, or the user stops the run, at that moment.
    """
    one_at_a_time = Lock()

    def one(number: int, source: str, task: int) -> None:
        target = scratch / str(number)
        pixels = _ingested(connection, source, task, target, store)
        if pixels.problem == "broken_image":  # something on the way may have cut it, and have said that it was whole
            pixels = _ingested(connection, source, task, target, store)
        with one_at_a_time:
            take(source, pixels)

    with _pool() as pool:
        for done in as_completed([pool.submit(one, number, *item) for number, item in enumerate(needed.items())]):
            done.result()


def _ingested(connection: Connection, source: str, task: int, target: Path, store: Path) -> Pixels:
    try:
        why = fetch(connection, source, task, target)
    except Unusable as error:
        return Pixels(problem=error.reason, detail=f"{public(source)}: {error}")
    if why is not None:
        return Pixels(problem="missing_image", detail=f"{public(source)}: {why}")
    pixels = ingest_one(target, store)
    target.unlink()
    return pixels._replace(detail=pixels.detail and pixels.detail.replace(target.name, public(source), 1))


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that, on an error, finish what they have in hand and begin nothing more."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def refuse_if_all_missing(images: Sequence[Shown], fetched: Sequence[Pixels]) -> None:
    """Raise DetectorError when there are images, and not one can be had: then it is no image that is missing."""
    if fetched and all(pixels.problem in _NOT_HAD for pixels in fetched):
        raise DetectorError(
            f"not one of the project's {len(fetched)} images can be fetched, as task {images[0].task} shows:"
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
