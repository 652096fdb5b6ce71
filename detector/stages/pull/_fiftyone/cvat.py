"""CVAT for images 1.1: one XML file with an <image> for each picture, and its shapes in pixels.

Format: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat. Boxes and ellipses may be turned, by degrees
clockwise about their centre. A mask is run lengths in the box that it has, a row at a time, beginning with zeros.
"""

import posixpath
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np
import xmltodict

from detector.data.geometry import ELLIPSE_POINTS, Floats
from detector.data.masks import Mask
from detector.errors import UsageError
from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.numbers import numbers_of, size_of
from detector.stages.pull._fiftyone.rest import add_rest, mark_backgrounds
from detector.stages.pull._fiftyone.shapes import Drawn, Lost, Picture, Shape
from detector.stages.pull._fiftyone.splits import split_of, split_of_name

_SHAPES = ("box", "polygon", "mask", "ellipse")
_OTHERS = ("polyline", "points", "cuboid", "skeleton")
_NEAR = ("images", "", "data", "../images", "..")  # where pictures lie, seen from the XML
_LISTS = ("image", *_SHAPES, *_OTHERS)
Fields = dict[str, Any]


def read(folder: Folder) -> Drawn:
    """Everything that the XML files of the folder say. Raises UsageError where there is none, or one is broken."""
    drawn, rows = Drawn(in_pixels=True), dict[str, int]()
    files = [(file, annotations) for file in folder.ending(".xml") if (annotations := _parsed(folder, file))]
    if not files:
        raise UsageError(f"{folder.root} has no XML file with <annotations> and an <image> in it, as CVAT has them")
    for file, annotations in files:
        for image in annotations["image"]:
            _image(drawn, folder, file, image or {}, rows)
    mark_backgrounds(drawn)
    add_rest(drawn, folder, rows.keys())
    return drawn


def _parsed(folder: Folder, file: str) -> Fields | None:
    """The <annotations> of a file; None for an XML of another kind."""
    try:
        content = xmltodict.parse(folder.read(file), force_list=_LISTS)
    except (ExpatError, ValueError, RecursionError, LookupError) as error:
        raise UsageError(f"{folder.root / file} is no whole XML file: {error}; export it again") from error
    annotations = content.get("annotations")
    return annotations if isinstance(annotations, dict) and "image" in annotations else None


def _image(drawn: Drawn, folder: Folder, file: str, image: Fields, rows: dict[str, int]) -> None:
    """One picture and its shapes. One that is named twice has the shapes of both."""
    name, subset = str(image.get("@name")), image.get("@subset")
    split = split_of(subset) if subset else split_of_name(file)
    near = [posixpath.normpath(posixpath.join(posixpath.dirname(file), place)) for place in _NEAR]
    near = [posixpath.join(place, subset) for place in near] + near if subset else near
    path = folder.picture(name, near, split)
    key = path or f"{file}: {name}"
    if key not in rows:
        rows[key] = len(drawn.pictures)
        size, data = size_of(image.get("@width"), image.get("@height")), {"split": split} if split else {}
        drawn.pictures.append(Picture(path or name, folder.root / path if path else None, "annotated", size, data))
    row, number = rows[key], 0
    for kind in (*_SHAPES, *_OTHERS):
        for each in image.get(kind) or []:
            number += 1
            _take(drawn, row, f"{file}:{image.get('@id', name)}:{number}", kind, each or {})


def _take(drawn: Drawn, row: int, region: str, kind: str, each: Fields) -> None:
    label = each.get("@label")
    if kind in _OTHERS:
        drawn.lost.append(Lost(row, "not_a_shape", region, f"{label}: {kind}"))
        return
    shape = _READ[kind](Shape(row, region, label, "polygon", ()), each)
    if shape is None:
        drawn.lost.append(Lost(row, "malformed_region", region, label))
    else:
        drawn.shapes.append(shape)


def _read(each: Fields, *names: str) -> list[float] | None:
    return numbers_of([each.get(f"@{name}") for name in names])


def _turn(each: Fields) -> float:
    turn = numbers_of([each.get("@rotation", 0)])
    return turn[0] if turn else 0.0


def _box(shape: Shape, each: Fields) -> Shape | None:
    numbers = _read(each, "xtl", "ytl", "xbr", "ybr")
    if numbers is None:
        return None
    left, top, right, bottom = numbers
    if _turn(each) % 360 == 0:
        return shape._replace(kind="rectangle", numbers=(left, top, right - left, bottom - top))
    half = np.array([right - left, bottom - top]) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    return shape._replace(numbers=_turned(corners, _turn(each), ((left + right) / 2, (top + bottom) / 2)))


def _ellipse(shape: Shape, each: Fields) -> Shape | None:
    numbers = _read(each, "cx", "cy", "rx", "ry")
    if numbers is None:
        return None
    angle = np.arange(ELLIPSE_POINTS) * (2 * np.pi / ELLIPSE_POINTS)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * numbers[2:]
    return shape._replace(numbers=_turned(points, _turn(each), numbers[:2]))


def _turned(points: Floats, degrees: float, centre: Sequence[float]) -> list[float]:
    """Points about their centre, turned clockwise (y is downwards)."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned: list[float] = (points @ turn + centre).ravel().tolist()
    return turned


def _polygon(shape: Shape, each: Fields) -> Shape | None:
    numbers = numbers_of(str(each.get("@points")).replace(";", ",").split(","))
    return shape._replace(numbers=numbers) if numbers and len(numbers) % 2 == 0 else None


def _mask(shape: Shape, each: Fields) -> Shape | None:
    place, runs = _read(each, "left", "top", "width", "height"), numbers_of(str(each.get("@rle")).split(","))
    if place is None or runs is None:
        return None
    return shape._replace(kind="mask", mask=partial(_drawn, [int(run) for run in runs], [int(side) for side in place]))


def _drawn(runs: Sequence[int], place: Sequence[int], width: int, height: int) -> Mask | None:
    """The mask of a picture; None where the runs don't fill their box, or that is not in the picture."""
    left, top, wide, high = place
    inside = 0 <= left <= left + wide <= width and 0 <= top <= top + high <= height
    if not inside or min(runs, default=-1) < 0 or sum(runs) > wide * high:
        return None
    flat = np.zeros(wide * high, np.uint8)
    values = np.repeat(np.arange(len(runs), dtype=np.uint8) % 2, runs)
    flat[: len(values)] = values
    mask = np.zeros((height, width), np.uint8)
    mask[top : top + high, left : left + wide] = flat.reshape(high, wide)
    return mask


_READ: dict[str, Callable[[Shape, Fields], Shape | None]] = {
    "box": _box,
    "polygon": _polygon,
    "mask": _mask,
    "ellipse": _ellipse,
}
