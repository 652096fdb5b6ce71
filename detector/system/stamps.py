"""Files as they were left: size, time and inode tell in no time whether one is still the same, its hash tells surely.

    <file>            how each one looked, as MessagePack; paths are relative to the working folder
    <file>.hashes     the SHA-256 of each, which are asked only where one looks otherwise

A project that was copied has other inodes: its files are read once, and stamped anew.
"""

import os
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from detector.system.files import CACHES, sha256_of, write_whole

Look = tuple[int, int, int]  # size in bytes, time of the last change in nanoseconds, inode
Seen = dict[int, int]  # inode → time, of files that are as they were left
KeptT = TypeVar("KeptT")


class _Looks(msgspec.Struct, array_like=True, gc=False):
    """How the files of a folder looked: columns of 64-bit integers. Where it is `whole`, it has no other names."""

    names: list[str]
    whole: bool
    sizes: bytes
    times: bytes
    inodes: bytes


class _Sums(msgspec.Struct, array_like=True, gc=False):
    """The same files by their SHA-256."""

    names: list[str]
    whole: bool
    sums: list[str]


_LOOKS = msgspec.msgpack.Decoder(dict[str, _Looks])  # by folder
_SUMS = msgspec.msgpack.Decoder(dict[str, _Sums])


def stamp(file: Path, files: Iterable[Path], known: Mapping[Path, str], folders: Iterable[Path] = ()) -> None:
    """Keep in `file` how these files look now, and their hashes.

    Those whose hash is `known`, or that are called by it as in a store, are not read. In `folders` lies nothing else.
    """
    hashes = {str(each): sha256 for each, sha256 in known.items()}
    names: dict[str, list[str]] = defaultdict(list) | {str(folder): [] for folder in folders}
    whole = {*names}
    for path in map(str, files):
        folder, _, name = path.rpartition("/")
        names[folder].append(name)
    sums = {
        folder: _Sums(of, folder in whole, [_sum(path, hashes) for path in _paths(folder, of)])
        for folder, of in names.items()
    }
    write_whole(_sums_of(file), msgspec.msgpack.encode(sums))
    _write(file, sums)


def _sum(path: str, known: Mapping[str, str]) -> str:
    return known.get(path) or _named(path) or sha256_of(Path(path))


def count(file: Path) -> int:
    """How many files a list has."""
    return sum(len(of.names) for of in (_read(_sums_of(file), _SUMS) or {}).values())


def changed(file: Path, thorough: bool = False, seen: Seen | None = None) -> list[str]:
    """The paths whose content is not what it was, or that are gone, or new in a folder.

    A file that looks as it did is not read, unless `thorough`; then nothing is written. The list itself, where it is
    lost, is made again from the hashes; where these are lost, too, it is what has changed. Files that are as they were
    left are put into `seen`, and their other names in folders that are listed whole are not looked at again.
    """
    looks = None if thorough else _read(file, _LOOKS)
    doubtful = None if looks is None else {*_doubtful(looks, {} if seen is None else seen)}
    if doubtful == set():
        return []
    sums = _read(_sums_of(file), _SUMS)
    if sums is None:
        return [str(file)]
    wrong = _wrong({path: known for path, known in _by_path(sums) if doubtful is None or path in doubtful})
    more = [path for folder, of in sums.items() if of.whole for path in _added(folder, of.names, _names(folder))]
    if not wrong and not thorough:
        with suppress(OSError):  # a folder that may not be written to
            _write(file, sums)
    return [*wrong, *more]


def _by_path(sums: Mapping[str, _Sums]) -> Iterator[tuple[str, str]]:
    for folder, of in sums.items():
        yield from zip(_paths(folder, of.names), of.sums, strict=True)


def _doubtful(looks: Mapping[str, _Looks], seen: Seen) -> Iterator[str]:
    """The paths that look otherwise, or are more than there were."""
    for folder, of in looks.items():
        there = _names(folder) if of.whole else {}
        times, inodes = _column(of.times), _column(of.inodes)
        linked = bool(seen) and [*map(there.get, of.names)] == [*inodes] and [*map(seen.get, inodes)] == [*times]
        paths = _added(folder, of.names, there) + ([] if linked else _otherwise(folder, of))
        yield from paths
        if not paths:
            seen.update(zip(inodes, times, strict=True))


def _otherwise(folder: str, of: _Looks) -> list[str]:
    """The paths that look otherwise. One loop and no calls: there are many files, and most are as they were."""
    wrong = []
    columns = _column(of.sizes), _column(of.times), _column(of.inodes)
    with _opened(folder) as place:
        for name, size, time, inode in zip(of.names, *columns, strict=True):
            try:
                now = os.stat(name, dir_fd=place)
            except OSError:
                wrong.append(name)
            else:
                if now.st_mtime_ns != time or now.st_size != size or now.st_ino != inode:
                    wrong.append(name)
    return [*_paths(folder, wrong)]


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


def _wrong(sums: Mapping[str, str]) -> list[str]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing goes on without Python's lock
        right = list(pool.map(_is, *zip(*sums.items(), strict=True))) if sums else []
    return [path for path, same in zip(sums, right, strict=True) if not same]


def _is(path: str, expected: str) -> bool:
    with suppress(OSError):
        return sha256_of(Path(path)) == expected
    return False


def _added(folder: str, names: Sequence[str], there: Mapping[str, int]) -> list[str]:
    if len(there) <= len(names):
        return []
    more = (name for name in there.keys() - {*names} if not name.endswith(CACHES))
    return [*_paths(folder, sorted(more))]


def _names(folder: str) -> dict[str, int]:
    """What lies in a folder, with the inodes, which takes no look at the files themselves."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.inode() for entry in entries}
    except FileNotFoundError:
        return {}


def _paths(folder: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{folder}/{name}" if folder else name for name in names)


def _column(values: bytes) -> "array[int]":
    return array("q", values)


def _named(path: str) -> str | None:
    """The hash that a file is called by."""
    stem = path.rpartition("/")[2].partition(".")[0]
    return stem if len(stem) == 64 and not stem.strip("0123456789abcdef") else None


def _look(path: str) -> Look:
    status = os.stat(path)  # noqa: PTH116 - a Path for each of many files takes longer
    return status.st_size, status.st_mtime_ns, status.st_ino


def _sums_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.hashes")


def _write(file: Path, sums: Mapping[str, _Sums]) -> None:
    looks = {folder: _looks_of(folder, of) for folder, of in sums.items()}
    write_whole(file, msgspec.msgpack.encode(looks))


def _looks_of(folder: str, of: _Sums) -> _Looks:
    columns = [*zip(*map(_look, _paths(folder, of.names)), strict=True)] or [()] * 3
    return _Looks(of.names, of.whole, *(array("q", column).tobytes() for column in columns))


def _read(file: Path, decoder: msgspec.msgpack.Decoder[KeptT]) -> KeptT | None:
    """What is kept; None where there is nothing that can be read."""
    with suppress(FileNotFoundError, msgspec.MsgspecError):
        return decoder.decode(file.read_bytes())
    return None
