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
    score = evaluation.measured.operating_point["score"] or 0.0
    seen, objects = (_on(table, sizes) for table in (evaluation.predictions, evaluation.objects))
    said = [row for row in seen if row["found"] >= 0 and row["score"] >= score]
    known = {row["row"] for row in said}
    missed = [row for row in objects if row["prediction"] not in known]
    shown = {image: Marks([], [], []) for image in sizes}
    polygons = outlines((row["mask"], sizes[row["image"]]) for row in said)
    for row, polygon in zip(said, polygons, strict=True):
        side = shown[row["image"]]
        (side.false if row["object"] < 0 else side.right).append(_mark(row, polygon))
    for row in missed:
        shown[row["image"]].missed.append(_mark(row, row["polygon"]))
    return shown


def _on(table: pa.Table, images: Iterable[int]) -> list[dict[str, Any]]:
    """The table's rows on these images, each with its number as `row`."""
    numbered = table.append_column("row", pa.array(np.arange(table.num_rows, dtype=np.int32)))
    rows: list[dict[str, Any]] = numbered.filter(
        pc.is_in(numbered["image"], pa.array(list(images), pa.int32()))
    ).to_pylist()
    return rows


def _mark(row: Mapping[str, Any], polygon: list[float] | None) -> Mark:
    points = polygon or corners(row["x"], row["y"], row["width"], row["height"])
    return Mark(row["class_id"], [round(each, DECIMALS) for each in points], row.get("score"))
