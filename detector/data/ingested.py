"""Files that were taken in before: a good one that kept its size and its time is not read again.

datasets/<name>/store/ingested.msgpack      path → size, time, and what was found
"""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec

from detector.data.images import Pixels, ingest, stored
from detector.system.files import write_whole
from detector.system.progress import Progress
from detector.system.shards import Shards, alone

PART = 1_000  # files at least that another machine is sent at a time


class Known(msgspec.Struct, array_like=True, gc=False):
    """A file as it was when it was read: bytes, nanoseconds, and what it held."""

    size: int
    time: int
    pixels: Pixels


class Means(NamedTuple):
    """Who is told how far it is, who does it, and whether to read also what is known."""

    progress: Progress
    shards: Shards = alone
    anew: bool = False


def ingest_once(files: Sequence[Path | None], store: Path, means: Means) -> list[Pixels]:
    """As `detector.data.images.ingest`, for files that stay where they are."""
    index = store / "ingested.msgpack"
    known = {} if means.anew else _read(index)
    taken = [_look(file, known, store) for file in files]
    unread = [at for at, pixels in enumerate(taken) if pixels is None]
    stamps = {at: _stamp(file) for at in unread if (file := files[at])}
    with means.progress("images", len(unread)) as advance:
        parts = means.shards(partial(ingest, store=store), [files[at] for at in unread], advance, least=PART)
    for at, pixels in zip(unread, chain.from_iterable(parts), strict=True):
        taken[at] = pixels
        if (file := files[at]) and not pixels.problem:
            known[str(file)] = Known(*stamps[at], pixels)
    if stamps:
        store.mkdir(parents=True, exist_ok=True)
        write_whole(index, msgspec.msgpack.encode(known))
    return [pixels for pixels in taken if pixels is not None]


def _read(index: Path) -> dict[str, Known]:
    """What is known; a file that an older or a newer release wrote in another form tells nothing."""
    try:
        return msgspec.msgpack.decode(index.read_bytes(), type=dict[str, Known])
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}


def _look(file: Path | None, known: dict[str, Known], store: Path) -> Pixels | None:
    """What was found in `file`, unless it has changed since, or its copy in the store is gone."""
    entry = known.get(str(file))
    if file is None or entry is None or _stamp(file) != (entry.size, entry.time):
        return None
    pixels = entry.pixels
    return pixels if stored(store, pixels.sha256, pixels.extension).exists() else None


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns
