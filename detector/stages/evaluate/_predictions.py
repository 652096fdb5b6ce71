"""What the weights see on every image of a split, as a table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from detector.data.dataset import Dataset
from detector.data.evaluation import PREDICTIONS
from detector.models.predict import Objects, predict

LOWEST = 0.05  # score: below it there is hardly anything but noise, and much of it


def predictions(weights: Path, dataset: Dataset, split: str, log: Path, advance: Callable[[int], None]) -> pa.Table:
    """Every object of a score of at least LOWEST on the split; schema PREDICTIONS."""
    splits, files = dataset.images["split"].to_pylist(), dataset.images["file"].to_pylist()
    images = [row for row, name in enumerate(splits) if name == split]
    paths = [dataset.image_path(files[row]) for row in images]
    rows: list[dict[str, Any]] = []
    for image, objects in zip(images, predict(weights, paths, None, log, LOWEST), strict=True):
        rows.extend({"image": image} | row for row in _rows(objects))
        advance(1)
    return pa.Table.from_pylist(rows, PREDICTIONS)


def _rows(objects: Objects) -> list[dict[str, Any]]:
    polygons = objects.polygons or [None] * len(objects.scores)
    return [
        {
            "class_id": int(class_id),
            "score": float(score),
            **dict(zip(("x", "y", "width", "height"), map(float, box), strict=True)),
            "polygon": None if polygon is None or len(polygon) < 3 else [float(value) for value in polygon.ravel()],
        }
        for class_id, score, box, polygon in zip(
            objects.class_ids, objects.scores, objects.boxes, polygons, strict=True
        )
    ]
