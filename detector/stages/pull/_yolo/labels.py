"""Which txt belongs to which picture.

It lies beside its picture; or in labels/ where the picture is in images/ (the last folder of that name, in capitals or
not); or in labels/yolo/.
"""

import posixpath
import unicodedata
from functools import cache
from typing import NamedTuple

from detector.stages.pull._yolo.walk import Folder


class Labels(NamedTuple):
    """The txt of each picture that has one; further ones of the same picture; and those of none."""

    of: dict[str, str]
    more: dict[str, list[str]]
    alone: list[str]


def label_files(folder: Folder) -> Labels:
    """Every txt of the folder at its place."""
    texts: dict[str, list[str]] = {}
    for text in folder.texts:
        texts.setdefault(_key(text), []).append(text)
    of: dict[str, str] = {}
    more: dict[str, list[str]] = {}
    used: set[str] = set()
    for image in folder.images:
        place, _, name = _key(image).rpartition("/")
        files = [file for other in _places(place) for file in texts.get(f"{other}{name}", ())]
        if files:
            of[image], *rest = files
            used.update(files)
            if rest:
                more[image] = rest
    return Labels(of, more, [text for text in folder.texts if text not in used])


def _key(path: str) -> str:
    """A path without its ending, in which Images and images are the same, and so are both ways to write an é."""
    place, name = posixpath.split(path)
    stem = name.rpartition(".")[0]
    return f"{_plain(place)}/{stem if stem.isascii() else unicodedata.normalize('NFC', stem)}"


@cache
def _plain(place: str) -> str:
    parts = unicodedata.normalize("NFC", place).split("/")
    return "/".join(part.lower() if part.lower() in {"images", "labels", "yolo"} else part for part in parts)


@cache
def _places(place: str) -> tuple[str, ...]:
    """Where the txt of a picture in `place` may be, each with a stroke at its end."""
    parts = place.split("/")
    if "images" not in parts:
        return (f"{place}/",)
    at = len(parts) - 1 - parts[::-1].index("images")
    return tuple(
        "/".join((*parts[:at], *words, *parts[at + 1 :], "")) for words in (["images"], ["labels"], ["labels", "yolo"])
    )
