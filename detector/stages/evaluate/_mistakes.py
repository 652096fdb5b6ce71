"""Which objects of an image were missed, and which predictions are false."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from detector.data.dataset import Dataset
from detector.data.evaluation import PER_IMAGE

SHOWN_FROM = 0.25  # score from which a prediction counts as said, as Ultralytics' own predict shows it
OVERLAP = 0.5  # least intersection over union of a prediction and the object that it found

Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """An image (a row of images.parquet), its objects and predictions, and the positions in them of the mistakes."""

    image: int
    truth: list[Row]
    seen: list[Row]
    missed: set[int]
    false: set[int]

    @property
    def mistakes(self) -> int:
        """Missed and false together."""
        return len(self.missed) + len(self.false)


def judge(dataset: Dataset, predictions: pa.Table, split: str) -> list[Judged]:
    """Every image of the split, compared with the predictions on it."""
    truth = _by_image(dataset.instances.to_pylist())
    seen = _by_image(row for row in predictions.to_pylist() if row["score"] >= SHOWN_FROM)
    images = [row for row, name in enumerate(dataset.images["split"].to_pylist()) if name == split]
    return [_judge(image, truth.get(image, []), seen.get(image, [])) for image in images]


def per_image(judged: Iterable[Judged]) -> pa.Table:
    """Each image with its numbers of objects and of mistakes; schema PER_IMAGE."""
    rows = [
        {
            "image": image.image,
            "objects": len(image.truth),
            "predicted": len(image.seen),
            "missed": len(image.missed),
            "false": len(image.false),
        }
        for image in judged
    ]
    return pa.Table.from_pylist(rows, PER_IMAGE)


def _by_image(rows: Iterable[Row]) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["image"], []).append(row)
    return grouped


def _judge(image: int, truth: list[Row], seen: list[Row]) -> Judged:
    """Greedily, as the PASCAL VOC devkit does: the best score first, each takes the free object it overlaps most."""
    missed, false = set(range(len(truth))), set(range(len(seen)))
    for position in sorted(false, key=lambda position: -seen[position]["score"]):
        same = [other for other in missed if truth[other]["class_id"] == seen[position]["class_id"]]
        best = max(same, key=lambda other: overlap(truth[other], seen[position]), default=None)
        if best is not None and overlap(truth[best], seen[position]) >= OVERLAP:
            missed.remove(best)
            false.remove(position)
    return Judged(image, truth, seen, missed, false)


def overlap(one: Row, other: Row) -> float:
    """Intersection over union of two boxes (centre x, y, width, height), 0 to 1."""
    across = _shared(one["x"], one["width"], other["x"], other["width"])
    down = _shared(one["y"], one["height"], other["y"], other["height"])
    both = one["width"] * one["height"] + other["width"] * other["height"] - across * down
    return across * down / both if both else 0.0


def _shared(one: float, one_size: float, other: float, other_size: float) -> float:
    return max(0.0, min(one + one_size / 2, other + other_size / 2) - max(one - one_size / 2, other - other_size / 2))
