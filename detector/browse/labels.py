"""Rows of Arrow tables as the documents that FiftyOne keeps: column work, without its label objects.

The layout is that of FiftyOne's own export, `FiftyOneDataset`, described in its User Guide under "Exporting datasets".
"""

import itertools
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from detector.data.dataset import Dataset
from detector.data.geometry import Floats, Ints

Document = dict[str, Any]
TRUTH = "ground_truth"
FIELDS = {"detect": ("Detections", "detections"), "segment": ("Polylines", "polylines")}


def identifiers() -> Iterator[str]:
    """Endless unique ObjectIds in hex: the second, a random part, a counter (BSON specification, ObjectId)."""
    prefix = f"{int(time.time()):08x}{secrets.token_hex(5)}"
    return (f"{prefix}{count:06x}" for count in itertools.count())


def labels_by_image(
    table: pa.Table, images: int, classes: Sequence[str], task: str, identify: Callable[[], object]
) -> list[Document]:
    """A `Detections` or `Polylines` document for each of `images` images, from a table with one row per object.

    `table` has `image` (a row in 0..images-1), `class_id`, a normalised centre box `x, y, width, height`, `polygon`
    (normalised x0 y0 x1 y1 …, or null: the box's corners); each further column becomes an attribute of that name.
    """
    kind, inside = FIELDS[task]
    order = np.argsort(table["image"].to_numpy(), kind="stable")
    rows = table.take(order)
    documents = _labels(rows, classes, task, identify)
    bounds = np.searchsorted(rows["image"].to_numpy(), np.arange(images + 1)).tolist()
    return [{"_cls": kind, inside: documents[start:end]} for start, end in itertools.pairwise(bounds)]


def _labels(rows: pa.Table, classes: Sequence[str], task: str, identify: Callable[[], object]) -> list[Document]:
    kind = FIELDS[task][0].removesuffix("s")
    names = [classes[index] for index in rows["class_id"].to_pylist()]
    boxes = corner_boxes(rows)
    shapes = boxes.tolist() if task == "detect" else _points(rows, boxes)
    more = rows.drop_columns(["image", "class_id", "x", "y", "width", "height", "polygon"]).to_pylist()
    whole = {"closed": True, "filled": True} if task == "segment" else {}
    place = "bounding_box" if task == "detect" else "points"
    return [
        {"_id": identify(), "_cls": kind, "tags": [], "attributes": {}, "label": name, place: shape, **whole, **extra}
        for name, shape, extra in zip(names, shapes, more, strict=True)
    ]


def corner_boxes(rows: pa.Table) -> Floats:
    """Boxes (n, 4) as FiftyOne has them: left, top, width, height, normalised, inside the image."""
    centre, size = (
        np.stack([rows[name].to_numpy() for name in pair], axis=1) for pair in (("x", "y"), ("width", "height"))
    )
    low, high = np.clip(centre - size / 2, 0, 1), np.clip(centre + size / 2, 0, 1)
    return np.hstack([low, high - low])


def _points(rows: pa.Table, boxes: Floats) -> list[list[list[list[float]]]]:
    """Each object's outline as a list of one shape, a list of [x, y]; one of no area gives the box's corners."""
    polygons = rows["polygon"].combine_chunks()
    points = polygons.flatten().to_numpy(zero_copy_only=False).reshape(-1, 2).tolist()
    sizes: Ints = polygons.value_lengths().fill_null(0).to_numpy(zero_copy_only=False) // 2
    ends: Ints = np.cumsum(sizes)
    return [
        [points[end - size : end] if size >= 3 else [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]]
        for size, end, (x, y, w, h) in zip(sizes.tolist(), ends.tolist(), boxes.tolist(), strict=True)
    ]


def labels_of(dataset: Dataset) -> str:
    """The path of the labels in its samples."""
    return f"{TRUTH}.{FIELDS[task_of(dataset)][1]}"


def task_of(dataset: Dataset) -> str:
    """`detect` or `segment`."""
    return str(dataset.conversion["task"])
