"""Figures of parts of the split: classes, sizes of objects, and slices of images, each with how many there are."""

from typing import Any

import numpy as np

from detector.data.dataset import Dataset
from detector.data.evaluation import Evaluation, Measured
from detector.data.geometry import Bools
from detector.measure.marks import said
from detector.page._strips import share

SIZES = {"small": "under 32 x 32 pixels", "medium": "under 96 x 96 pixels", "large": "from 96 x 96 pixels on"}
EDGES = (32**2, 96**2)  # square pixels, as COCO has them


def classes(evaluation: Evaluation | None, dataset: Dataset | None) -> dict[str, Any] | None:
    """A row for each class: objects in train and here, precision and recall, mAP50-95 and mAP50 with intervals."""
    if evaluation is None or dataset is None:
        return None
    measured = evaluation.measured
    objects = dataset.conversion["kept"]["objects_in"]
    names = ("mAP50-95", "mAP50", *(("box/mAP50-95",) if "box/mAP50-95" in measured.metrics else ()))
    rows = [
        {
            "name": label,
            "train": objects["train"][label],
            "here": objects[measured.split][label],
            "precision": measured.metrics.get(f"precision/{label}"),
            "recall": measured.metrics.get(f"recall/{label}"),
            "figures": [figure(measured, f"{name}/{label}") for name in names],
        }
        for label in measured.classes
    ]
    return {"split": measured.split, "columns": names, "rows": rows}


def figure(measured: Measured, name: str) -> dict[str, Any]:
    """A metric with its interval, where it has one, and both as a strip."""
    return _cell(measured.metrics.get(name), measured.intervals.get(name))


def _cell(value: float | None, interval: tuple[float, float] | None) -> dict[str, Any]:
    strip = share(value, interval) if value is not None and interval else None
    return {"value": value, "interval": interval if strip else None, "strip": strip}


def sizes(evaluation: Evaluation | None) -> list[dict[str, Any]]:
    """A row for each size that has objects: how many, how many are found, and COCO's figures."""
    if evaluation is None:
        return []
    measured, objects = evaluation.measured, evaluation.objects
    size = np.digitize(objects["area"].to_numpy(), EDGES)
    found = _found(evaluation)
    return [
        {
            "name": name,
            "what": what,
            "objects": int((size == at).sum()),
            "found": int((found & (size == at)).sum()),
            "mAP50-95": measured.metrics.get(f"{name}/mAP50-95"),
            "AR100": measured.metrics.get(f"{name}/AR100"),
        }
        for at, (name, what) in enumerate(SIZES.items())
        if (size == at).any()
    ]


def _found(evaluation: Evaluation) -> Bools:
    """Whether a prediction from the operating point on finds each object, shape (objects,)."""
    found: Bools = np.isin(evaluation.objects["prediction"].to_numpy(), said(evaluation)["row"].to_numpy())
    return found


def slices(evaluation: Evaluation | None) -> dict[str, list[dict[str, Any]]]:
    """Of each field that was asked for, a row for each value."""
    fields: dict[str, list[dict[str, Any]]] = {}
    for each in evaluation.measured.slices if evaluation else []:
        cell = _cell(each["mAP50-95"], each["interval"])
        fields.setdefault(each["field"], []).append(each | {"figure": cell})
    return fields
