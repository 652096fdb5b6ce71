"""What several annotators agree on: one region for each object that most of them drew.

Two regions are the same object when they have the same labels and their upright boxes overlap by IoU 0.5 at least.
"""

from typing import NamedTuple

import numpy as np

from detector.data.geometry import ellipse_envelope, envelope, outlines, rectangle_corners
from detector.data.masks import BrokenMask, decode_rle
from detector.label_studio.structs import SHAPES, Annotation, Region

SAME = 0.5  # IoU from which two people mean one object, as in mAP50
Box = tuple[float, float, float, float]  # left, top, right, bottom; shares of the image


class Agreement(NamedTuple):
    """What came of a comparison.

    `kept` is drawn as the latest annotator who agrees has it, `agreed` are the others' drawings of the same objects,
    and for `disputed` ones there was no majority.
    """

    kept: list[Region]
    agreed: list[Region]
    disputed: list[Region]


class _Drawn(NamedTuple):
    by: int
    region: Region
    labels: frozenset[str]
    box: Box


def agree(annotations: list[Annotation]) -> Agreement:
    """Match the shapes of several annotations, the latest first, each to its best unmatched counterpart."""
    waiting = [
        _Drawn(by, region, frozenset(region.labels() or ()), box_of(region))
        for by, annotation in enumerate(annotations)
        for region in annotation.result
        if region.type in SHAPES
    ]
    kept, agreed, disputed = [], [], []
    while waiting:
        first, *waiting = waiting
        group = [match for by in range(len(annotations)) if (match := _counterpart(first, by, waiting))]
        if (len(group) + 1) * 2 > len(annotations):
            kept.append(first.region)
            agreed += [match.region for match in group]
            waiting = [each for each in waiting if not any(each is match for match in group)]
        else:
            disputed.append(first.region)
    return Agreement(kept, agreed, disputed)


def _counterpart(one: _Drawn, by: int, others: list[_Drawn]) -> _Drawn | None:
    """The drawing of annotator `by` that overlaps most, if it is the same object."""
    theirs = [each for each in others if each.by == by != one.by and each.labels == one.labels]
    best = max(theirs, key=lambda each: overlap(one.box, each.box), default=None)
    return best if best and overlap(one.box, best.box) >= SAME else None


def overlap(one: Box, other: Box) -> float:
    """IoU of two upright boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def box_of(region: Region) -> Box:
    """The upright box around a shape; one without geometry has none, and overlaps with nothing."""
    value, kind = region.value, SHAPES[region.type]
    if kind == "rectangle" and not value.rotation:  # most shapes are
        left, top = (value.x or 0) / 100, (value.y or 0) / 100
        return left, top, left + (value.width or 0) / 100, top + (value.height or 0) / 100
    size = np.array([[region.original_width or 1, region.original_height or 1]], float)
    turn = np.array([value.rotation or 0.0])
    if kind == "brush":
        return _mask_box(region)
    if kind == "polygon":
        around = envelope(outlines(np.array([value.points or [(0, 0)]], float) / 100))
    elif kind == "ellipse":
        centre = [value.x or 0, value.y or 0, value.radiusX or 0, value.radiusY or 0]
        around = ellipse_envelope(np.array([centre]) / 100, turn, size)
    else:
        corner = [value.x or 0, value.y or 0, value.width or 0, value.height or 0]
        around = envelope(outlines(rectangle_corners(np.array([corner]) / 100, turn, size)))
    left, top, right, bottom = (float(side) for side in around[0])
    return left, top, right, bottom


def _mask_box(region: Region) -> Box:
    width, height = region.original_width or 1, region.original_height or 1
    try:
        rows, columns = np.nonzero(decode_rle(bytes(region.value.rle or []), width, height))
    except BrokenMask:
        return 0.0, 0.0, 0.0, 0.0
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    ends = (columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height)
    return float(ends[0]), float(ends[1]), float(ends[2]), float(ends[3])
