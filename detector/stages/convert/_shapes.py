"""Regions as drawn → boxes, or outlines, that YOLO takes; and a list of what could not become one.

All of it is column work, a kind of shape at a time. A shape ends as an outline (ragged polygon) in segment, and as an
upright box in detect; whatever is lost or changed on the way is noted by row and reason.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from detector.data.geometry import (
    Bools,
    Floats,
    Ints,
    Outlines,
    clip_boxes,
    clip_polygon,
    ellipse_envelope,
    ellipse_points,
    envelope,
    every,
    offsets_of,
    outlines,
    rectangle_corners,
    spread,
)
from detector.data.masks import BrokenMask, MaskOutline, outline_of

EDGE = 1e-6  # how far beyond the image is float noise rather than a shape that was cut
SHAPE_COLUMNS = ("type", "x", "y", "width", "height", "rotation", "points", "rle")
SMALLEST = 5e-7  # what six decimals round to nothing


@dataclass
class Shapes:
    """Boxes (n, 4) left, top, right, bottom, and in segment their outlines, for the regions in `rows`."""

    rows: Ints
    boxes: Floats
    outlines: Outlines | None = None
    dropped: dict[str, Ints] = field(default_factory=dict)
    changed: dict[str, Ints] = field(default_factory=dict)

    def keep(self, good: Bools, reason: str) -> "Shapes":
        """Only the good ones; the others are dropped for `reason`, and count as changed no more."""
        if good.all():
            return self
        bad = self.rows[~good]
        lost = {reason: np.concatenate([self.dropped.get(reason, _NONE), bad])}
        kept = np.flatnonzero(good)
        left = self.outlines.take(kept) if self.outlines else None
        changed = {why: rows[~np.isin(rows, bad)] for why, rows in self.changed.items()}
        return Shapes(self.rows[kept], self.boxes[kept], left, self.dropped | lost, changed)


_NONE = np.empty(0, np.int64)


def shapes(regions: pa.Table, sizes: Floats, segment: bool) -> Shapes:
    """Every region of the table as a shape. `sizes` (n, 2) are its image's width and height in pixels."""
    encoded = regions["type"].combine_chunks().dictionary_encode()
    kinds, names = np.asarray(encoded.indices), encoded.dictionary.to_pylist()
    parts = []
    for code, name in enumerate(names):
        rows = np.flatnonzero(kinds == code)
        of_kind = regions if len(names) == 1 else regions.take(rows)
        parts.append(_KINDS[name](of_kind, rows, sizes[rows], segment))
    return _clip(parts[0] if len(parts) == 1 else _joined(parts, segment))


def _box_columns(regions: pa.Table) -> Floats:
    """The x, y, width and height columns (n, 4), from percent to 0..1."""
    return np.stack([regions[name].to_numpy() for name in ("x", "y", "width", "height")]).T / 100


def _rectangles(regions: pa.Table, rows: Ints, sizes: Floats, segment: bool) -> Shapes:
    box, rotation = _box_columns(regions), regions["rotation"].to_numpy()
    if segment:
        corners = outlines(rectangle_corners(box, rotation, sizes))
        drawn = Shapes(rows, envelope(corners), corners, changed={"corners": rows})
    else:
        turned = np.flatnonzero(rotation % 360)
        left, top, width, height = box.T
        boxes = np.stack([left, top, left + width, top + height]).T
        back = np.flatnonzero((width < 0) | (height < 0))  # a corner was dragged over the opposite one
        boxes[back] = envelope(outlines(boxes[back].reshape(-1, 2, 2)))
        boxes[turned] = envelope(outlines(rectangle_corners(box[turned], rotation[turned], sizes[turned])))
        drawn = Shapes(rows, boxes, changed={"envelope": rows[turned]})
    return _solid(drawn, np.abs(box[:, 2]), np.abs(box[:, 3]))


def _ellipses(regions: pa.Table, rows: Ints, sizes: Floats, segment: bool) -> Shapes:
    box, rotation = _box_columns(regions), regions["rotation"].to_numpy()
    points = outlines(ellipse_points(box, rotation, sizes)) if segment else None
    changed = {"outlined" if segment else "envelope": rows}
    drawn = Shapes(rows, ellipse_envelope(box, rotation, sizes), points, changed=changed)
    return _solid(drawn, np.abs(box[:, 2]), np.abs(box[:, 3]))


def _solid(drawn: Shapes, width: Floats, height: Floats) -> Shapes:
    """Only those that have an area; NaN, where the annotation has no number, has none."""
    solid: Bools = (width > SMALLEST) & (height > SMALLEST) & every(np.isfinite(drawn.boxes))
    return drawn.keep(solid, "zero_area")


def _polygons(regions: pa.Table, rows: Ints, _: Floats, segment: bool) -> Shapes:
    column = regions["points"].combine_chunks()
    counts = np.diff(column.offsets.to_numpy().astype(np.int64)) // 2
    drawn = Outlines(column.flatten().to_numpy().reshape(-1, 2) / 100, offsets_of(counts))
    enough = np.flatnonzero(counts >= 3)
    few = {"too_few_points": rows[counts < 3]}
    rows, drawn = rows[enough], drawn.take(enough)
    changed = {} if segment else {"envelope": rows}
    polygons = Shapes(rows, envelope(drawn), drawn, few, changed)
    solid: Bools = (spread(drawn) > SMALLEST**2) & every(np.isfinite(polygons.boxes))
    polygons = polygons.keep(solid, "zero_area")
    return polygons if segment else Shapes(polygons.rows, polygons.boxes, None, polygons.dropped, polygons.changed)


def _brushes(regions: pa.Table, rows: Ints, sizes: Floats, segment: bool) -> Shapes:
    codes, pixels = regions["rle"].to_pylist(), sizes.astype(int).tolist()
    drawn = list(enumerate(map(_outline, codes, pixels)))
    kept = np.array([at for at, shape in drawn if shape and len(shape.points) >= 3], np.int64)
    rings = [drawn[at][1].points / pixels[at] for at in kept]
    ragged = Outlines(np.concatenate([np.empty((0, 2)), *rings]), offsets_of(np.array(list(map(len, rings)), np.int64)))
    half = 0.5 / sizes[kept]
    boxes = envelope(ragged) + np.hstack([-half, half])
    joined = [at for at in kept if drawn[at][1].joined]
    changed = {"outlined": rows[kept], "joined": rows[joined]} if segment else {"envelope": rows[kept]}
    empty = [at for at, shape in drawn if shape and len(shape.points) < 3]
    dropped = {"empty_mask": rows[empty], "broken_mask": rows[[at for at, shape in drawn if shape is None]]}
    return Shapes(rows[kept], boxes, ragged if segment else None, dropped, changed)


def _outline(code: bytes | None, size: tuple[int, int]) -> MaskOutline | None:
    """None for a mask that can't be decoded."""
    try:
        return outline_of(code or b"", *size)
    except BrokenMask:
        return None


_KINDS = {"rectangle": _rectangles, "polygon": _polygons, "ellipse": _ellipses, "brush": _brushes}


def _joined(parts: list[Shapes], segment: bool) -> Shapes:
    """The kinds together again, in the order of the regions."""
    if not parts:
        return Shapes(_NONE, np.empty((0, 4)), Outlines(np.empty((0, 2)), np.zeros(1, np.int64)) if segment else None)
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    boxes = np.concatenate([part.boxes for part in parts])[order]
    ragged = [part.outlines for part in parts if part.outlines is not None]
    together = None
    if segment:
        lengths = np.concatenate([each.lengths() for each in ragged])
        together = Outlines(np.concatenate([each.points for each in ragged]), offsets_of(lengths)).take(order)
    return Shapes(rows[order], boxes, together, _merged(parts, "dropped"), _merged(parts, "changed"))


def _merged(parts: list[Shapes], column: str) -> dict[str, Ints]:
    noted: dict[str, list[Ints]] = {}
    for part in parts:
        for reason, rows in getattr(part, column).items():
            noted.setdefault(reason, []).append(rows)
    return {reason: np.sort(np.concatenate(rows)) for reason, rows in noted.items()}


def _clip(drawn: Shapes) -> Shapes:
    """Cut what reaches beyond the image; drop what lies wholly outside."""
    beyond = ~every((drawn.boxes >= -EDGE) & (drawn.boxes <= 1 + EDGE))
    drawn.changed["clipped"] = drawn.rows[beyond]
    if drawn.outlines is not None:
        return _clip_outlines(drawn, beyond)
    drawn.boxes = clip_boxes(drawn.boxes)
    return drawn.keep(_visible(drawn.boxes), "outside")


def _visible(boxes: Floats) -> Bools:
    """What is left after clipping has an area that six decimals can say."""
    left, top, right, bottom = boxes.T
    visible: Bools = (right - left > SMALLEST) & (bottom - top > SMALLEST)
    return visible


def _clip_outlines(drawn: Shapes, beyond: Bools) -> Shapes:
    shapes_, at = drawn.outlines, np.flatnonzero(beyond)
    assert shapes_ is not None  # noqa: S101 - the caller has looked
    if at.size:
        cut = [clip_polygon(shapes_.points[shapes_.offsets[row] : shapes_.offsets[row + 1]]) for row in at]
        shapes_ = _replaced(shapes_, at, cut)
    shapes_ = Outlines(np.clip(shapes_.points, 0, 1), shapes_.offsets)
    drawn.outlines = shapes_
    drawn = drawn.keep(shapes_.lengths() >= 3, "outside")
    assert drawn.outlines is not None  # noqa: S101
    drawn.boxes = envelope(drawn.outlines)
    return drawn.keep(_visible(drawn.boxes), "outside")


def _replaced(shapes_: Outlines, at: Ints, new: list[Floats]) -> Outlines:
    lengths = shapes_.lengths()
    lengths[at] = [len(points) for points in new]
    pieces = np.split(shapes_.points, shapes_.offsets[1:-1])
    for row, points in zip(at, new, strict=True):
        pieces[row] = points
    return Outlines(np.concatenate(pieces), offsets_of(lengths))
