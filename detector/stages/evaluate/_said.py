"""What a model says when it is used: its predictions from the operating point on, as people look at them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from detector.data.dataset import Dataset
from detector.data.evaluation import Evaluation
from detector.measure import marks
from detector.measure.outlines import outlines

Row = dict[str, Any]


class Said(NamedTuple):
    """An image (a row of images.parquet), its objects and predictions, and the positions in them of the mistakes."""

    image: int
    truth: list[Row]
    seen: list[Row]
    missed: set[int]
    false: set[int]


def said(evaluation: Evaluation, dataset: Dataset) -> pa.Table:
    """Those predictions, with their row as `row`, and the outline of their mask as `polygon`."""
    kept = marks.said(evaluation)
    sizes = list(zip(*(dataset.images[name].to_pylist() for name in ("width", "height")), strict=True))
    codes = zip(kept["mask"].to_pylist(), (sizes[image] for image in kept["image"].to_pylist()), strict=True)
    polygons = pa.array(list(outlines(codes)), pa.list_(pa.float64()))
    return kept.append_column("polygon", polygons).drop_columns(["mask"])


def by_image(evaluation: Evaluation, predictions: pa.Table) -> Iterator[Said]:
    """Every image of the split, with what is on it and what was said of it."""
    objects = evaluation.objects
    truth, seen = _grouped(objects), _grouped(predictions)
    known = set(predictions["row"].to_pylist())
    for image in evaluation.images["image"].to_pylist():
        drawn, predicted = truth.get(image, []), seen.get(image, [])
        missed = {at for at, row in enumerate(drawn) if row["prediction"] not in known}
        yield Said(image, drawn, predicted, missed, {at for at, row in enumerate(predicted) if row["object"] < 0})


def _grouped(table: pa.Table) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = {}
    for row in table.to_pylist():
        grouped.setdefault(row["image"], []).append(row)
    return grouped
