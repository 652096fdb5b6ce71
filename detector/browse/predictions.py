"""A model's predictions beside the labels in FiftyOne, each marked as `evaluate` has matched them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.browse.labels import FIELDS, labels_by_image
from detector.browse.samples import TRUTH, included
from detector.data.dataset import Split
from detector.data.geometry import Ints

PREDICTIONS, EVALUATION = "predictions", "evaluation"
OVERLAP = 0.5  # of what was matched


def add_predictions(loaded: Any, split: Split, objects: pa.Table, predictions: pa.Table) -> None:
    """Set `predictions` on the samples of the split, and mark every object tp, fp or fn in its attribute `evaluation`.

    `objects` has schema OBJECTS of `detector.data.evaluation`; `predictions` are those worth looking at, schema
    PREDICTIONS with `polygon` and their `row`. A prediction's attribute `mistake` is what kind of mistake it is.
    """
    import fiftyone
    from bson import ObjectId

    view, task = loaded.match_tags(split.name), split.dataset.conversion["task"]
    if EVALUATION in loaded.list_evaluations():
        loaded.delete_evaluation(EVALUATION)
    if loaded.has_sample_field(PREDICTIONS):
        loaded.delete_sample_field(PREDICTIONS)
    kind, inside = FIELDS[task]
    loaded.add_sample_field(PREDICTIONS, fiftyone.EmbeddedDocumentField, embedded_doc_type=getattr(fiftyone, kind))
    for field in (PREDICTIONS, TRUTH):
        loaded.add_sample_field(f"{field}.{inside}.{EVALUATION}", fiftyone.StringField)
    loaded.add_sample_field(f"{PREDICTIONS}.{inside}.mistake", fiftyone.StringField)
    rows = _rows(split)
    count, marked = split.dataset.images.num_rows, _marked(predictions)
    labels = labels_by_image(marked, count, split.dataset.classes, task, ObjectId)
    view.set_values(PREDICTIONS, [labels[row] for row in rows], expand_schema=False, validate=False)
    found = np.isin(objects["prediction"].to_numpy(), predictions["row"].to_numpy())
    view.set_values(f"{TRUTH}.{inside}.{EVALUATION}", _by_image(objects, found, rows))
    _register(loaded, view, _counts(objects, found, marked, count)[:, rows])


def _rows(split: Split) -> list[int]:
    """The split's rows of the images table, in the order of its samples."""
    rows = included(split.dataset)
    numbers: list[int] = rows.filter(pc.equal(rows["split"], split.name))["row"].to_pylist()
    return numbers


def _marked(predictions: pa.Table) -> pa.Table:
    """With FiftyOne's names of attributes, and without what is of no use there."""
    marks = pc.if_else(pc.less(predictions["object"], 0), "fp", "tp")
    kept = predictions.drop_columns(["found", "object", "meant", "row"]).append_column(EVALUATION, marks)
    return kept.rename_columns({"score": "confidence"})


def _by_image(objects: pa.Table, found: Any, rows: list[int]) -> list[list[str]]:
    """The marks of each image's objects, in the order of its labels."""
    marks: dict[int, list[str]] = {row: [] for row in rows}
    for row, hit in zip(objects["image"].to_pylist(), found.tolist(), strict=True):
        marks[row].append("tp" if hit else "fn")
    return list(marks.values())


def _counts(objects: pa.Table, found: Any, marked: pa.Table, images: int) -> Ints:
    """How many are tp, fp and fn on each image, (3, images)."""
    there, seen = objects["image"].to_numpy(), marked["image"].to_numpy()
    false = pc.equal(marked[EVALUATION], "fp").to_numpy()
    parts = (there[found], seen[false], there[~found])
    return np.stack([np.bincount(part, minlength=images) for part in parts])


def _register(loaded: Any, view: Any, counts: Ints) -> None:
    """As an evaluation of FiftyOne's own, so that its App shows patches of the right, the false and the missed."""
    import fiftyone
    from fiftyone.utils.eval.coco import COCOEvaluationConfig

    for kind, values in zip(("tp", "fp", "fn"), counts.tolist(), strict=True):
        loaded.add_sample_field(f"{EVALUATION}_{kind}", fiftyone.IntField)
        view.set_values(f"{EVALUATION}_{kind}", values)
    COCOEvaluationConfig(PREDICTIONS, TRUTH, iou=OVERLAP, classwise=True).build().register_run(view, EVALUATION)
