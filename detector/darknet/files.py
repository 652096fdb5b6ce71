"""The files of a Darknet training in a folder: nearest to its top first."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from detector.data.paths import IMAGE_ENDINGS
from detector.errors import UsageError
from detector.system.reading import text_of
from detector.system.text import lines

_DEEPEST = 4  # folders
_LARGEST = 4 << 20  # bytes of one of these files
TRAIN_CONFIG = "train_config.json"


class Files(NamedTuple):
    """What was found, and how many pictures there are. `more` are files of a kind of which another one is taken."""

    root: Path
    train_config: Path | None
    data: Path | None
    cfg: Path | None
    names: Path | None
    more: list[Path]
    pictures: int


def find(root: Path) -> Files:
    """The files below `root`. Raises UsageError where it is no folder, or where none of them is there."""
    if not root.is_dir():
        raise UsageError(f"{root} is no folder; give the one that holds obj.data or {TRAIN_CONFIG}")
    kinds: dict[str, list[Path]] = {"train_config": [], "data": [], "cfg": [], "names": []}
    pictures = 0
    for file in _files(root):
        pictures += file.name.lower().endswith(IMAGE_ENDINGS)
        if kind := _kind(file):
            kinds[kind].append(file)
    first = {kind: (of[0] if of else None) for kind, of in kinds.items()}
    if not any(first.values()):
        raise UsageError(
            f"{root}: there is no {TRAIN_CONFIG}, obj.data, obj.names or .cfg in it; give the folder that holds them,"
            " or write a pipeline with `pull: {using: yolo, path: …}` for pictures with a txt each"
        )
    more = [file for of in kinds.values() for file in of[1:]]
    return Files(root, first["train_config"], first["data"], first["cfg"], first["names"], more, pictures)


def _files(root: Path) -> Iterator[Path]:
    """The files, those of a folder before those of the folders in it; hidden ones and links to folders left out."""
    for folder, folders, names in os.walk(root):
        at = len(Path(folder).relative_to(root).parts)
        folders[:] = sorted(each for each in folders if at < _DEEPEST and not each.startswith("."))
        yield from (Path(folder, name) for name in sorted(names, key=_last_are_tests))


def _last_are_tests(name: str) -> tuple[bool, str]:
    """A configuration to test with comes after the one to train with, which says more."""
    return "test" in name.lower(), name


def _kind(file: Path) -> str | None:
    if file.name == TRAIN_CONFIG:
        return "train_config"
    kind = {".data": "data", ".cfg": "cfg", ".names": "names"}.get(file.suffix.lower())
    return kind if kind and file.is_file() and file.stat().st_size <= _LARGEST else None


def names_in(file: Path) -> list[str]:
    """The class names of an obj.names, a line each."""
    return lines(text_of(file))
