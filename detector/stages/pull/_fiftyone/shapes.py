"""What every type of source gives, pictures and shapes, and the annotation tables made of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from detector.data import losses
from detector.data.annotations import IMAGES, REGIONS, Annotations
from detector.data.geometry import Floats
from detector.data.images import Pixels
from detector.data.losses import Loss
from detector.data.masks import Mask, encode_rle
from detector.stages.pull._fiftyone.splits import split_of
from detector.stages.pull._fiftyone.upright import UNTURNED, turn_mask, turn_points

Size = tuple[int, int]  # width, height


class Picture(NamedTuple):
    """A picture that a source names. `size` is what the source says that it is, in pixels; None where it doesn't.

    `status` is annotated, background, or the reason of detector.data.losses why it is excluded.
    """

    source: str
    file: Path | None
    status: str
    size: Size | None = None
    data: Mapping[str, Any] = {}


class Shape(NamedTuple):
    """An object on the picture at `picture`: rectangle (left, top, width, height), polygon (x0, y0, x1, …) or mask.

    `mask` makes the mask of a picture of that width and height; None where it can't.
    """

    picture: int
    region: str
    label: str | None
    kind: str
    numbers: Sequence[float]
    mask: Callable[[int, int], Mask | None] | None = None


class Lost(NamedTuple):
    """A region of a picture that is not taken, and why."""

    picture: int
    reason: str
    region: str
    detail: str | None = None


@dataclass
class Drawn:
    """All that a source gives. Numbers of shapes are pixels of the picture, or shares of its width and height.

    `of_stored`: a stated size may be the one of the picture as it is stored, before its EXIF tag turns it; then that
    is what the numbers refer to.
    """

    in_pixels: bool
    of_stored: bool = True
    pictures: list[Picture] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def in_order(self) -> "Drawn":
        """Pictures by their paths, shapes by their pictures: the order that a source has them in says nothing."""
        order = sorted(range(len(self.pictures)), key=lambda at: self.pictures[at].source)
        rank = {at: row for row, at in enumerate(order)}
        shapes = sorted((each._replace(picture=rank[each.picture]) for each in self.shapes), key=lambda each: each[0])
        lost = [each._replace(picture=rank[each.picture]) for each in self.lost]
        return Drawn(self.in_pixels, self.of_stored, [self.pictures[at] for at in order], shapes, lost, self.notes)


class _Frame(NamedTuple):
    """What the numbers of a picture's shapes are divided by, how they are turned, and the upright size if known."""

    size: Size
    orientation: int
    upright: Size | None


def is_taken(picture: Picture) -> bool:
    """Whether its pixels are needed."""
    return picture.status in {"annotated", "background"}


def tables(drawn: Drawn, pixels: Mapping[int, Pixels], orientations: Mapping[int, int]) -> Annotations:
    """The tables of what is `in_order`, without pixels. Task ids count through the pictures, from 1.

    `pixels` has an entry for each taken picture, `orientations` the EXIF tag of those whose shapes must be turned.
    """
    noted = [
        Loss("excluded", "image", each.status, at + 1, None, each.source)
        for at, each in enumerate(drawn.pictures)
        if not is_taken(each)
    ]
    noted += [Loss("dropped", "region", each.reason, each.picture + 1, each.region, each.detail) for each in drawn.lost]
    frames = [
        _frame(each, pixels.get(at), orientations.get(at, UNTURNED), drawn) for at, each in enumerate(drawn.pictures)
    ]
    regions: list[dict[str, Any]] = []
    for shape in drawn.shapes:
        if is_taken(drawn.pictures[shape.picture]):
            regions.append(_region(shape, frames[shape.picture], pixels[shape.picture]))
        else:
            noted.append(Loss("dropped", "region", "excluded_image", shape.picture + 1, shape.region))
    images = [_image(at, each) for at, each in enumerate(drawn.pictures)]
    return Annotations(
        pa.Table.from_pylist(images, IMAGES), pa.Table.from_pylist(regions, REGIONS), losses.table(noted)
    )


def _image(at: int, picture: Picture) -> dict[str, Any]:
    return {
        "task_id": at + 1,
        "field": "image",
        "status": picture.status if is_taken(picture) else "excluded",
        "source": picture.source,
        "data": json.dumps(picture.data, ensure_ascii=False),
        "own_split": split_of(str(picture.data.get("split", ""))),
    }


def _frame(picture: Picture, pixels: Pixels | None, orientation: int, drawn: Drawn) -> _Frame:
    shown = (pixels.width, pixels.height) if pixels and pixels.width else None
    size = picture.size or shown or (1, 1)
    upright = picture.size if orientation == UNTURNED else picture.size and picture.size[::-1]
    return _Frame(size if drawn.in_pixels else (1, 1), orientation, upright)


def _region(shape: Shape, frame: _Frame, pixels: Pixels) -> dict[str, Any]:
    width, height = frame.upright or (None, None)
    columns = {
        "image": shape.picture,
        "annotation_id": 0,
        "region_id": shape.region,
        "labels": [] if shape.label is None else [shape.label],
        "rotation": 0.0,
        "original_width": width,
        "original_height": height,
    }
    if shape.mask is not None:
        return {**columns, "type": "brush", "rle": _code(shape, frame, pixels)}
    if shape.kind == "rectangle":
        return {**columns, "type": "rectangle", **_box(shape.numbers, frame)}
    points = _percent(np.array(shape.numbers, np.float64).reshape(-1, 2), frame)
    return {**columns, "type": "polygon", "points": points.ravel()}


def _box(numbers: Sequence[float], frame: _Frame) -> dict[str, float]:
    """A rectangle's columns; most are not turned, and need no arrays."""
    x, y, w, h = numbers
    if frame.orientation == UNTURNED:
        across, down = 100 / frame.size[0], 100 / frame.size[1]
        return {"x": x * across, "y": y * down, "width": w * across, "height": h * down}
    (left, top), (right, bottom) = _percent(np.array([[x, y], [x + w, y + h]]), frame)
    return {"x": min(left, right), "y": min(top, bottom), "width": abs(right - left), "height": abs(bottom - top)}


def _percent(points: Floats, frame: _Frame) -> Floats:
    """Percent of the upright picture."""
    return turn_points(points / frame.size, frame.orientation) * 100


def _code(shape: Shape, frame: _Frame, pixels: Pixels) -> bytes:
    """The mask's run-length code; empty, which is a broken mask, where there is none."""
    if pixels.problem or shape.mask is None:
        return b""
    shown = (pixels.width, pixels.height)
    mask = shape.mask(*(shown if frame.orientation == UNTURNED else shown[::-1]))
    return b"" if mask is None else encode_rle(turn_mask(mask, frame.orientation))
