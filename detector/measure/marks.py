"""What a model makes of single images at its operating point, to be drawn."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.comparison import Mark, Marks
from detector.data.evaluation import Evaluation
from detector.measure.outlines import corners, outlines

DECIMALS = 5  # of what is normalised
Size = tuple[int, int]


def marks(evaluation: Evaluation, sizes: Mapping[int, Size]) -> dict[int, Marks]:
    """What is right, false and missed on these images: rows as the evaluation has them, with width and height."""
    seen, objects = _on(said(evaluation), sizes), _on(evaluation.objects, sizes)
    known = {row["row"] for row in seen}
    missed = [row for row in objects if row["prediction"] not in known]
    shown = {image: Marks([], [], []) for image in sizes}
    polygons = outlines((row["mask"], sizes[row["image"]]) for row in seen)
    for row, polygon in zip(seen, polygons, strict=True):
        side = shown[row["image"]]
        (side.false if row["object"] < 0 else side.right).append(_mark(row, polygon))
    for row in missed:
        shown[row["image"]].missed.append(_mark(row, row["polygon"]))
    return shown


def said(evaluation: Evaluation) -> pa.Table:
    """What a model says when it is used: the predictions from the operating point on, each with its number as `row`."""
    seen, score = evaluation.predictions, evaluation.measured.score
    numbered = seen.append_column("row", pa.array(np.arange(seen.num_rows, dtype=np.int32)))
    return numbered.filter(pc.and_(pc.greater_equal(seen["score"], score), pc.greater_equal(seen["found"], 0)))


def _on(table: pa.Table, images: Iterable[int]) -> list[dict[str, Any]]:
    """The table's rows on these images."""
    rows: list[dict[str, Any]] = table.filter(pc.is_in(table["image"], pa.array(list(images), pa.int32()))).to_pylist()
    return rows


def _mark(row: Mapping[str, Any], polygon: list[float] | None) -> Mark:
    points = polygon or corners(row["x"], row["y"], row["width"], row["height"])
    return Mark(row["class_id"], [round(each, DECIMALS) for each in points], row.get("score"))
