"""Label Studio's structs → Arrow columns, an attribute at a time."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from detector.annotations import IMAGES, REGIONS
from detector.label_studio.structs import SHAPES, Annotation, Region

Labels = Sequence[list[str] | None]


def image_table(rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows of (task_id, field, status, source, link, data); what only the pixels tell stays null."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    columns += [[None] * len(rows)] * (len(IMAGES) - len(columns))
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, IMAGES, strict=True)], IMAGES)


def region_table(
    regions: list[Region], labels: Labels, images: list[int], annotations: list[Annotation], counts: list[int]
) -> pa.Table:
    """The regions of a block. `labels` and `images` (n,) go with them; each annotation drew `counts` of them."""
    values = [region.value for region in regions]
    kinds = {region.type for region in regions}
    drawn_by = np.repeat(np.arange(len(annotations)), counts)
    annotators = pa.array([annotation.annotator for annotation in annotations], pa.string())
    ids = np.array([annotation.id for annotation in annotations], np.int64)
    width, height = _floats([value.width for value in values]), _floats([value.height for value in values])
    if _some(kinds, "ellipse"):
        width, height = (
            _either(_floats([getattr(value, radius) for value in values]), side)
            for radius, side in (("radiusX", width), ("radiusY", height))
        )
    columns: dict[str, pa.Array] = {
        "image": pa.array(np.array(images, np.int32)),
        "annotation_id": pa.array(ids[drawn_by]),
        "region_id": pa.array([region.id for region in regions], pa.string()),
        "annotator": annotators.take(pa.array(drawn_by)),
        "type": _kinds(regions, kinds),
        "labels": _lists(labels),
        "x": pa.array(_floats([value.x for value in values])),
        "y": pa.array(_floats([value.y for value in values])),
        "width": pa.array(width),
        "height": pa.array(height),
        "rotation": pa.array(np.nan_to_num(_floats([value.rotation for value in values]))),
        "points": _points([value.points for value in values] if _some(kinds, "polygon") else [None] * len(values)),
        "rle": _bytes([value.rle for value in values] if _some(kinds, "brush") else [None] * len(values)),
        "original_width": pa.array([region.original_width for region in regions], pa.int32()),
        "original_height": pa.array([region.original_height for region in regions], pa.int32()),
    }
    return pa.table(columns, REGIONS)


def _some(kinds: set[str], shape: str) -> bool:
    """Whether any of the regions is of a shape: most blocks have one kind, and its columns only."""
    return any(SHAPES[kind] == shape for kind in kinds)


def _kinds(regions: list[Region], kinds: set[str]) -> pa.Array:
    if len(kinds) == 1:
        return pa.repeat(SHAPES[next(iter(kinds))], len(regions))
    return pa.array([SHAPES[region.type] for region in regions], pa.string())


def _floats(values: list[float | None]) -> NDArray[np.float64]:
    """A column of numbers; None becomes NaN, which every later comparison refuses."""
    return np.array(values, np.float64)


def _either(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first column where it has a number, else the second."""
    return np.where(np.isnan(first), second, first)


def _offsets(lengths: Sequence[int]) -> pa.Array:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.array(offsets)


def _lists(values: Labels) -> pa.Array:
    if all(value is not None and len(value) == 1 for value in values):
        flat = pa.array([value[0] for value in values if value], pa.string())
        return pa.ListArray.from_arrays(pa.array(np.arange(len(values) + 1, dtype=np.int32)), flat)
    flat = pa.array(list(chain.from_iterable(value for value in values if value)), pa.string())
    return pa.ListArray.from_arrays(_offsets([len(value) if value else 0 for value in values]), flat)


def _points(values: list[list[tuple[float, float]] | None]) -> pa.Array:
    """Flat coordinates for each region; null where it has no points."""
    if not any(values):
        return pa.nulls(len(values), REGIONS.field("points").type)
    offsets = _offsets([2 * len(value) if value else 0 for value in values])
    numbers = chain.from_iterable(chain.from_iterable(value for value in values if value))
    flat = pa.array(np.fromiter(numbers, np.float64, offsets[-1].as_py()))
    return pa.ListArray.from_arrays(offsets, flat, mask=pa.array([value is None for value in values]))


def _bytes(values: list[list[int] | None]) -> pa.Array:
    if not any(values):
        return pa.nulls(len(values), pa.binary())
    return pa.array([None if value is None else bytes(value) for value in values], pa.binary())
