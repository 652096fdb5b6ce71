"""Files as they were left: size, time and inode tell in no time whether one is still the same, its hash tells surely.

    <file>            how each one looked, as MessagePack; paths are relative to the working folder
    <file>.hashes     the SHA-256 of each, which are asked only where one looks otherwise

A project that was copied has other inodes: its files are read once, and stamped anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from detector.system.cores import cores
from detector.system.files import sha256_of, write_whole
from detector.system.looks import Looks, Seen, added, doubtful, looks_of, paths

KeptT = TypeVar("KeptT")


class _Sums(msgspec.Struct, array_like=True, gc=False):
    """The same files by their SHA-256."""

    names: list[str]
    whole: bool
    sums: list[str]


_LOOKS = msgspec.msgpack.Decoder(dict[str, Looks])  # by folder
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
        folder: _Sums(of, folder in whole, [_sum(path, hashes) for path in paths(folder, of)])
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
    otherwise = None if looks is None else {*doubtful(looks, {} if seen is None else seen)}
    if otherwise == set():
        return []
    sums = _read(_sums_of(file), _SUMS)
    if sums is None:
        return [str(file)]
    wrong = _wrong({path: known for path, known in _by_path(sums) if otherwise is None or path in otherwise})
    more = [path for folder, of in sums.items() if of.whole for path in added(folder, of.names)]
    if not wrong and not thorough:
        with suppress(OSError):  # a folder that may not be written to
            _write(file, sums)
    return [*wrong, *more]


def _by_path(sums: Mapping[str, _Sums]) -> Iterator[tuple[str, str]]:
    for folder, of in sums.items():
        yield from zip(paths(folder, of.names), of.sums, strict=True)


def _wrong(sums: Mapping[str, str]) -> list[str]:
    with ThreadPoolExecutor(cores()) as pool:  # hashing goes on without Python's lock
        right = list(pool.map(_is, *zip(*sums.items(), strict=True))) if sums else []
    return [path for path, same in zip(sums, right, strict=True) if not same]


def _is(path: str, expected: str) -> bool:
    with suppress(OSError):
        return sha256_of(Path(path)) == expected
    return False


def _named(path: str) -> str | None:
    """The hash that a file is called by."""
    stem = path.rpartition("/")[2].partition(".")[0]
    return stem if len(stem) == 64 and not stem.strip("0123456789abcdef") else None


def _sums_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.hashes")


def _write(file: Path, sums: Mapping[str, _Sums]) -> None:
    looks = {folder: looks_of(folder, of.names, of.whole) for folder, of in sums.items()}
    write_whole(file, msgspec.msgpack.encode(looks))


def _read(file: Path, decoder: msgspec.msgpack.Decoder[KeptT]) -> KeptT | None:
    """What is kept; None where there is nothing that can be read."""
    with suppress(FileNotFoundError, msgspec.MsgspecError):
        return decoder.decode(file.read_bytes())
    return None
