"""How the files of a folder look: size, time of the last change, and inode, of each; and which look otherwise now."""

import os
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from detector.system.files import CACHES
from detector.system.many import TOGETHER, of_many

Look = tuple[int, int, int]  # size in bytes, time of the last change in nanoseconds, inode
Seen = dict[int, int]  # inode → time, of files that are as they were left


class Looks(msgspec.Struct, array_like=True, gc=False):
    """How the files of a folder looked: columns of 64-bit integers. Where it is `whole`, it has no other names."""

    names: list[str]
    whole: bool
    sizes: bytes
    times: bytes
    inodes: bytes


class _Asked(NamedTuple):
    """Some files of a folder, which may be other names of files that were `seen`."""

    folder: str
    looks: Looks
    some: slice
    seen: Seen


def looks_of(folder: str, names: list[str], whole: bool) -> Looks:
    """How they look now. Raises OSError where one is not there."""
    columns = [*zip(*map(_look, paths(folder, names)), strict=True)] or [()] * 3
    return Looks(names, whole, *(array("q", column).tobytes() for column in columns))


def doubtful(looks: Mapping[str, Looks], seen: Seen) -> Iterator[str]:
    """The paths that look otherwise, or are more than there were.

    What looks as it did is put into `seen`, and its other names in whole folders are not looked at again.
    """
    asked = [each for folder, of in looks.items() for each in _asked(folder, of, seen)]
    told = of_many(_otherwise, asked, sum(len(of.names) for of in looks.values()))
    wrong: dict[str, list[str]] = defaultdict(list)
    for each, names in zip(asked, told, strict=True):
        wrong[each.folder] += names
    seen_before = {each.folder for each in asked if each.seen}
    for folder, of in looks.items():
        found = [*paths(folder, wrong[folder]), *(added(folder, of.names) if of.whole else ())]
        yield from found
        if not found and folder not in seen_before:
            seen.update(zip(_column(of.inodes), _column(of.times), strict=True))


def _asked(folder: str, of: Looks, seen: Seen) -> Iterator[_Asked]:
    if of.whole and of.names and _column(of.inodes)[0] in seen:
        yield _Asked(folder, of, slice(None), seen)
        return
    for start in range(0, len(of.names), TOGETHER):
        yield _Asked(folder, of, slice(start, start + TOGETHER), {})


def _otherwise(asked: _Asked) -> list[str]:
    """The names that look otherwise. One loop and no calls: most are as they were."""
    folder, of, some, seen = asked
    if seen and _linked(folder, of, seen):
        return []
    wrong = []
    columns = (_column(column)[some] for column in (of.sizes, of.times, of.inodes))
    with _opened(folder) as place:
        for name, size, time, inode in zip(of.names[some], *columns, strict=True):
            try:
                now = os.stat(name, dir_fd=place)
            except OSError:
                wrong.append(name)
            else:
                if now.st_mtime_ns != time or now.st_size != size or now.st_ino != inode:
                    wrong.append(name)
    return wrong


def _linked(folder: str, of: Looks, seen: Seen) -> bool:
    """Whether all files of a folder are other names of files that were `seen`."""
    times, inodes, there = _column(of.times), _column(of.inodes), _inodes(folder)
    return [*map(there.get, of.names)] == [*inodes] and [*map(seen.get, inodes)] == [*times]


@contextmanager
def _opened(folder: str) -> Iterator[int]:
    """A folder that names are looked up in; -1, in which nothing is found, for one that is not there."""
    try:
        place = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield -1
        return
    try:
        yield place
    finally:
        os.close(place)


def added(folder: str, names: Sequence[str]) -> list[str]:
    """The paths in a folder that are more than these names."""
    there = _names(folder)
    if len(there) <= len(names):
        return []
    more = (name for name in {*there} - {*names} if not name.endswith(CACHES))
    return [*paths(folder, sorted(more))]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - of many
    except FileNotFoundError:
        return []


def _inodes(folder: str) -> dict[str, int]:
    """What lies in a folder, with the inodes, which takes no look at the files themselves."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.inode() for entry in entries}
    except FileNotFoundError:
        return {}


def paths(folder: str, names: Iterable[str]) -> Iterator[str]:
    """Each name below its folder."""
    return (f"{folder}/{name}" if folder else name for name in names)


def _column(values: bytes) -> "array[int]":
    return array("q", values)


def _look(path: str) -> Look:
    status = os.stat(path)  # noqa: PTH116 - a Path for each of many files takes longer
    return status.st_size, status.st_mtime_ns, status.st_ino
