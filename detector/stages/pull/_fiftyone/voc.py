"""Pascal VOC: an XML file for each picture, and lists of their names for the splits.

Format: the VOC2012 development kit, section 5. As FiftyOne and most tools do, corners are taken as pixels from 0 on.
"""

import posixpath
import re
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

from detector.errors import UsageError
from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.numbers import numbers_of, size_of
from detector.stages.pull._fiftyone.rest import add_rest
from detector.stages.pull._fiftyone.shapes import Drawn, Lost, Picture, Shape
from detector.stages.pull._fiftyone.splits import split_of_path

_LISTS = {"trainval": "train", "train": "train", "val": "val", "valid": "val", "test": "test"}  # later ones count
_NEAR = ("../JPEGImages", "", "../images", "../data", "images", "..")  # where pictures lie, seen from the XML
_VALUE = re.compile(r"\s+-?[01]$")  # behind a name, in the lists of a class
_MARKS = ("difficult", "truncated", "occluded")  # of objects; how many there are is a data field of their picture


def read(folder: Folder) -> Drawn:
    """Everything that the XML files of the folder say. Raises UsageError where there is none."""
    listed, drawn = _listed(folder), Drawn(in_pixels=True)
    rows: dict[str, int] = {}
    for file in folder.ending(".xml"):
        annotation = _parsed(folder, file)
        path = _picture(folder, file, annotation or {})
        if path in rows:
            _second(drawn, rows[path], file, annotation or {})
        elif annotation is not None or path:  # one without either is no XML of VOC's
            rows |= {path: len(drawn.pictures)} if path else {}
            split = listed.get(posixpath.splitext(posixpath.basename(file))[0]) if listed else split_of_path(file)
            where, data = folder.root / path if path else None, {"split": split} if split else {}
            _pictured(drawn, Picture(path or file, where, "broken_annotation", None, data), file, annotation)
    if not drawn.pictures:
        raise UsageError(f"{folder.root} has no XML file with an <annotation> in it, as Pascal VOC has it")
    add_rest(drawn, folder, rows.keys())
    return drawn


def _parsed(folder: Folder, file: str) -> dict[str, Any] | None:
    """The <annotation> of a file; None where there is none."""
    try:
        content = xmltodict.parse(folder.read(file), force_list=("object", "part"))
    except (ExpatError, ValueError, RecursionError, LookupError):
        return None
    annotation = content.get("annotation")
    return annotation if isinstance(annotation, dict) else {} if "annotation" in content else None


def _picture(folder: Folder, file: str, annotation: dict[str, Any]) -> str | None:
    """The picture of an XML: the one that is called as it is, otherwise the one that it names."""
    directory, name = posixpath.split(file)
    near = [posixpath.normpath(posixpath.join(directory, place)) for place in _NEAR]
    split, stated = split_of_path(file), annotation.get("filename")
    path = folder.called(posixpath.splitext(name)[0], near, split)
    return path or (folder.picture(stated, near, split) if isinstance(stated, str) else None)


def _listed(folder: Folder) -> dict[str, str]:
    """The split of each name that a list in ImageSets/Main has."""
    splits: dict[str, str] = {}
    for name, split in _LISTS.items():
        for file in folder.ending(f"imagesets/main/{name}.txt"):
            lines = folder.read(file).decode("utf-8", "replace").split("\n")
            splits |= {_VALUE.sub("", line.strip()): split for line in lines if line.strip()}
    return splits


def _objects(annotation: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in annotation.get("object") or [] if isinstance(each, dict)]


def _second(drawn: Drawn, row: int, file: str, annotation: dict[str, Any]) -> None:
    """A further XML of a picture: it is not read beside the first."""
    drawn.notes.append(f"{file} is a second XML of {drawn.pictures[row].source}, and was not read")
    objects = enumerate(_objects(annotation), 1)
    drawn.lost += [Lost(row, "second_annotation", f"{file}:{at}", str(each.get("name"))) for at, each in objects]


def _pictured(drawn: Drawn, picture: Picture, file: str, annotation: dict[str, Any] | None) -> None:
    """A picture with what its XML says of it, and the objects on it; one whose XML is broken stays as it is."""
    if annotation is None:
        drawn.pictures.append(picture)
        return
    objects = _objects(annotation)
    size = annotation.get("size")
    stated = size_of(size.get("width"), size.get("height")) if isinstance(size, dict) else None
    status, data = "annotated" if objects else "background", {**picture.data, **_marks(objects)}
    drawn.pictures.append(picture._replace(status=status, size=stated, data=data))
    for at, each in enumerate(objects, 1):
        _object(drawn, len(drawn.pictures) - 1, f"{file}:{at}", each)


def _marks(objects: list[dict[str, Any]]) -> dict[str, int]:
    counts = {mark: sum(each.get(mark) == "1" for each in objects) for mark in _MARKS}
    return {mark: count for mark, count in counts.items() if count}


def _object(drawn: Drawn, row: int, region: str, each: dict[str, Any]) -> None:
    """An object as a shape; its parts (a head, a hand) are objects of another kind."""
    name = each.get("name")
    label = name if isinstance(name, str) else None
    corners = each.get("bndbox")
    names = ("xmin", "ymin", "xmax", "ymax")
    numbers = numbers_of([corners.get(side) for side in names]) if isinstance(corners, dict) else None
    if numbers is None:
        drawn.lost.append(Lost(row, "malformed_region", region, label))
        return
    left, top, right, bottom = numbers
    drawn.shapes.append(Shape(row, region, label, "rectangle", (left, top, right - left, bottom - top)))
    parts = [part for part in each.get("part") or [] if isinstance(part, dict)]
    drawn.lost += [Lost(row, "part", f"{region}.{at}", str(part.get("name"))) for at, part in enumerate(parts, 1)]
