"""Files as they were left: size, time and inode tell in no time whether one is still the same, its hash tells surely.

    <file>            how each one looked, as MessagePack; paths are relative to the working folder
    <file>.hashes     the SHA-256 of each, which are asked only where one looks otherwise

A project that was copied has other inodes: its files are read once, and stamped anew.
"""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from detector.system.files import CACHES, sha256_of, write_whole

Look = tuple[int, int, int]  # size in bytes, time of the last change in nanoseconds, inode
KeptT = TypeVar("KeptT")


class _Looks(msgspec.Struct, array_like=True, gc=False):
    """How files looked, by their paths; and the folders that hold so many names, and no other."""

    files: dict[str, Look]
    folders: dict[str, int]


class _Sums(msgspec.Struct, array_like=True, gc=False):
    """The same files by their SHA-256."""

    files: dict[str, str]
    folders: dict[str, int]


def stamp(file: Path, files: Iterable[Path], known: Mapping[Path, str], folders: Iterable[Path] = ()) -> None:
    """Keep in `file` how these files look now, and their hashes.

    Those whose hash is `known`, or that are called by it as in a store, are not read. In `folders` lies nothing else.
    """
    hashes = {str(each): sha256 for each, sha256 in known.items()}
    sums = {path: hashes.get(path) or _named(path) or sha256_of(Path(path)) for path in map(str, files)}
    counts = {str(folder): len(_names(str(folder))) for folder in folders}
    write_whole(_sums_of(file), msgspec.msgpack.encode(_Sums(sums, counts)))
    _write(file, sums, counts)


def count(file: Path) -> int:
    """How many files a list has."""
    sums = _read(_sums_of(file), _Sums)
    return len(sums.files) if sums else 0


def changed(file: Path, thorough: bool = False) -> list[str]:
    """The paths whose content is not what it was, or that are gone, or new in a folder.

    A file that looks as it did is not read, unless `thorough`; then nothing is written. The list itself, where it is
    lost, is made again from the hashes; where these are lost, too, it is what has changed.
    """
    looks = None if thorough else _read(file, _Looks)
    if looks and not (doubtful := [path for path, look in looks.files.items() if _look_or_none(path) != look]):
        return _added(looks)
    sums = _read(_sums_of(file), _Sums)
    if sums is None:
        return [str(file)]
    wrong = _wrong({path: sums.files.get(path, "") for path in doubtful} if looks else sums.files)
    if not wrong and not thorough:
        with suppress(OSError):  # a folder that may not be written to
            _write(file, sums.files, sums.folders)
    return [*wrong, *_added(sums)]


def _wrong(sums: Mapping[str, str]) -> list[str]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing goes on without Python's lock
        right = list(pool.map(_is, *zip(*sums.items(), strict=True))) if sums else []
    return [path for path, same in zip(sums, right, strict=True) if not same]


def _is(path: str, expected: str) -> bool:
    with suppress(OSError):
        return sha256_of(Path(path)) == expected
    return False


def _added(of: _Looks | _Sums) -> list[str]:
    names = {folder: _names(folder) for folder, count in of.folders.items()}
    more = [folder for folder, count in of.folders.items() if len(names[folder]) > count]
    paths = (f"{folder}/{name}" for folder in more for name in sorted(names[folder]))
    return [path for path in paths if path not in of.files]


def _names(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if not name.endswith(CACHES)]  # noqa: PTH208 - of many files
    except FileNotFoundError:
        return []


def _named(path: str) -> str | None:
    """The hash that a file is called by."""
    stem = path.rpartition("/")[2].partition(".")[0]
    return stem if len(stem) == 64 and not stem.strip("0123456789abcdef") else None


def _look(path: str) -> Look:
    status = os.stat(path)  # noqa: PTH116 - a Path for each of many files takes longer
    return status.st_size, status.st_mtime_ns, status.st_ino


def _look_or_none(path: str) -> Look | None:
    try:
        return _look(path)
    except OSError:
        return None


def _sums_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.hashes")


def _write(file: Path, paths: Iterable[str], folders: Mapping[str, int]) -> None:
    write_whole(file, msgspec.msgpack.encode(_Looks({path: _look(path) for path in paths}, dict(folders))))


def _read(file: Path, kind: type[KeptT]) -> KeptT | None:
    """What is kept; None where there is nothing that can be read."""
    with suppress(FileNotFoundError, msgspec.MsgspecError):
        return msgspec.msgpack.decode(file.read_bytes(), type=kind)
    return None
