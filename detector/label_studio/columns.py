"""Label Studio's structs → Arrow columns, an attribute at a time."""

from collections.abc import Iterable
from itertools import accumulate, chain, repeat
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from detector.annotations import IMAGES, REGIONS
from detector.label_studio.structs import SHAPES, Annotation, Region, Value

NAN = float("nan")


def image_table(rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows of (task_id, field, status, source, link, data); what only the pixels tell stays null."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    columns += [[None] * len(rows)] * (len(IMAGES) - len(columns))
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, IMAGES, strict=True)], IMAGES)


def region_table(
    regions: list[Region], images: list[int], annotations: list[Annotation], counts: list[int]
) -> pa.Table:
    """The regions of a block. `images` (n,) go with them; each annotation drew `counts` of them.

    Python's lists become Arrow columns as they are: half the time that a stay in NumPy would take.
    """
    values = [region.value for region in regions]
    kinds = {region.type for region in regions}
    shapes = {SHAPES[kind] for kind in kinds}  # most blocks have one, and its columns only
    width, height = _numbers([value.width for value in values]), _numbers([value.height for value in values])
    if "ellipse" in shapes:
        width = pc.coalesce(pa.array([value.radiusX for value in values], pa.float64()), width)
        height = pc.coalesce(pa.array([value.radiusY for value in values], pa.float64()), height)
    drawn_by = pa.array(list(chain.from_iterable(map(repeat, range(len(counts)), counts))), pa.int32())
    columns: dict[str, pa.Array] = {
        "image": pa.array(images, pa.int32()),
        "annotation_id": pa.array([annotation.id for annotation in annotations], pa.int64()).take(drawn_by),
        "region_id": pa.array([region.id for region in regions], pa.string()),
        "annotator": pa.array([annotation.annotator for annotation in annotations], pa.string()).take(drawn_by),
        "type": _types(regions, kinds),
        "labels": _labels(values),
        "x": _numbers([value.x for value in values]),
        "y": _numbers([value.y for value in values]),
        "width": width,
        "height": height,
        "rotation": pa.array([value.rotation for value in values], pa.float64()).fill_null(0.0),
        "points": _points(values) if "polygon" in shapes else pa.nulls(len(values), REGIONS.field("points").type),
        "rle": _codes(values) if "brush" in shapes else pa.nulls(len(values), pa.binary()),
        "original_width": pa.array([region.original_width for region in regions], pa.int32()),
        "original_height": pa.array([region.original_height for region in regions], pa.int32()),
    }
    return pa.table(columns, REGIONS)


def _types(regions: list[Region], kinds: set[str]) -> pa.Array:
    if len(kinds) == 1:
        return pa.repeat(SHAPES[next(iter(kinds))], len(regions))
    return pa.array([SHAPES[region.type] for region in regions], pa.string())


def _numbers(values: list[float | None]) -> pa.Array:
    """A column of numbers; None becomes NaN, which every later comparison refuses."""
    return pa.array(values, pa.float64()).fill_null(NAN)


def _labels(values: list[Value]) -> pa.Array:
    """As `Region.labels`; no labels are an empty list."""
    labels = [
        value.rectanglelabels or value.polygonlabels or value.brushlabels or value.ellipselabels or value.labels or ()
        for value in values
    ]
    flat = pa.array(list(chain.from_iterable(labels)), pa.string())
    return pa.ListArray.from_arrays(_offsets(map(len, labels)), flat)


def _points(values: list[Value]) -> pa.Array:
    """Flat coordinates for each region; null where it has no points."""
    points = [value.points or () for value in values]
    numbers = list(chain.from_iterable(chain.from_iterable(points)))
    missing = pa.array([value.points is None for value in values])
    flat = pa.array(numbers, pa.float64())
    return pa.ListArray.from_arrays(_offsets(2 * len(each) for each in points), flat, mask=missing)


def _codes(values: list[Value]) -> pa.Array:
    return pa.array([None if value.rle is None else bytes(value.rle) for value in values], pa.binary())


def _offsets(lengths: Iterable[int]) -> pa.Array:
    return pa.array(list(accumulate(lengths, initial=0)), pa.int32())
