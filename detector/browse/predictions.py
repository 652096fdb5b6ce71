"""A model's predictions beside the labels in FiftyOne, each marked as `evaluate` has matched them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.browse.labels import FIELDS, TRUTH, Document, labels_by_image
from detector.browse.samples import EVALUATION, PREDICTIONS, Object, Placed, named, placed
from detector.data.colours import FALSE, MISSED
from detector.data.dataset import Split

FINDER = f"{EVALUATION}_id"  # of a label: the id of the one that it is matched with, as FiftyOne's evaluations have it
OVERLAP = 0.5  # of what was matched
VIEWS = {  # saved view: the field and mark that it keeps, its colour, and what it shows
    "missed": (TRUTH, "fn", MISSED, "annotated objects that no prediction finds"),
    "false": (PREDICTIONS, "fp", FALSE, "predictions that find no annotated object"),
}


def add_predictions(loaded: Any, split: Split, objects: pa.Table, predictions: pa.Table) -> None:
    """Set `predictions` on the samples of the split, and mark every object tp, fp or fn in its attribute `evaluation`.

    `objects` has schema OBJECTS of `detector.data.evaluation`; `predictions` are those worth looking at, schema
    PREDICTIONS with `polygon` and their `row`. A prediction's attribute `mistake` is what kind of mistake it is.
    What a person has deleted or drawn in the App meanwhile has no mark.
    """
    _start_over(loaded, split)
    parts = split.dataset.images["split"].to_pylist()
    there = [each for each in placed(loaded, split.dataset) if parts[each[0]] == split.name]
    finders = dict(zip(predictions["row"].to_pylist(), _identities(predictions.num_rows), strict=True))
    names = dict(zip(_in_order(split), objects["prediction"].to_pylist(), strict=True))
    labels = itertools.chain.from_iterable(labels for _, _, labels in there)
    finds = {names[name]: label for name, label in labels if names.get(name, -1) >= 0}
    seen = _seen(split, predictions, finders, finds)
    marks = _truth(there, {name: finders.get(row) for name, row in names.items()})
    inside = FIELDS[split.dataset.conversion["task"]][1]
    loaded.set_values(
        PREDICTIONS, {sample: seen[row] for row, sample, _ in there}, "id", expand_schema=False, validate=False
    )
    for field in (EVALUATION, FINDER):
        loaded.set_values(f"{TRUTH}.{inside}.{field}", {key: each[field] for key, each in marks.items()}, "id")
    for kind, counts in _counts(there, seen, marks, inside).items():
        loaded.set_values(f"{EVALUATION}_{kind}", counts, "id")
    _save_views(loaded, split)


def _save_views(loaded: Any, split: Split) -> None:
    """`missed` and `false`: those objects alone, on the images that have some, the worst first."""
    from fiftyone import ViewField

    for name, (field, mark, colour, what) in VIEWS.items():
        if loaded.has_saved_view(name):
            loaded.delete_saved_view(name)
        marked = loaded.match_tags(split.name).filter_labels(field, ViewField(EVALUATION) == mark)
        if len(marked):
            view = marked.sort_by(f"{EVALUATION}_{mark}", reverse=True)
            loaded.save_view(name, view, description=f"{what}, in {split.name}; the worst first", color=colour)


def _start_over(loaded: Any, split: Split) -> None:
    """Declare the fields, and register an evaluation of FiftyOne's own, so that its App shows patches of it."""
    import fiftyone
    from fiftyone.utils.eval.coco import COCOEvaluationConfig

    if EVALUATION in loaded.list_evaluations():
        loaded.delete_evaluation(EVALUATION)
    if loaded.has_sample_field(PREDICTIONS):
        loaded.delete_sample_field(PREDICTIONS)
    kind, inside = FIELDS[split.dataset.conversion["task"]]
    loaded.add_sample_field(PREDICTIONS, fiftyone.EmbeddedDocumentField, embedded_doc_type=getattr(fiftyone, kind))
    loaded.add_sample_field(f"{PREDICTIONS}.{inside}.mistake", fiftyone.StringField)
    method = COCOEvaluationConfig(PREDICTIONS, TRUTH, iou=OVERLAP, classwise=True).build()
    method.register_run(loaded.match_tags(split.name), EVALUATION)
    method.register_samples(loaded, EVALUATION)


def _in_order(split: Split) -> Iterator[Object]:
    """The objects of the split, in the order that an Evaluation has them."""
    instances, parts = split.dataset.instances, split.dataset.images["split"].to_pylist()
    images, regions = (instances[name].to_pylist() for name in ("image", "region_id"))
    rows = (row for row in np.argsort(images, kind="stable").tolist() if parts[images[row]] == split.name)
    return named((images[row], regions[row]) for row in rows)


def _identities(count: int) -> Iterator[Any]:
    from bson import ObjectId

    return (ObjectId() for _ in range(count))


def _seen(split: Split, predictions: pa.Table, finders: Mapping[int, Any], finds: Mapping[int, str]) -> list[Document]:
    """The labels of each image's predictions."""
    dataset = split.dataset
    attributes = {
        EVALUATION: pc.if_else(pc.less(predictions["object"], 0), "fp", "tp"),
        FINDER: pa.array([finds.get(row) for row in predictions["row"].to_pylist()], pa.string()),
    }
    kept = predictions.rename_columns({"score": "confidence"}).drop_columns(["found", "object", "meant"])
    for name, values in attributes.items():
        kept = kept.append_column(name, values)
    documents = labels_by_image(
        kept, dataset.images.num_rows, dataset.classes, dataset.conversion["task"], lambda: None
    )
    inside = FIELDS[dataset.conversion["task"]][1]
    for document in documents:
        for label in document[inside]:
            label["_id"] = finders[label.pop("row")]
    return documents


def _truth(there: Sequence[Placed], finders: Mapping[Object, Any]) -> dict[str, dict[str, list[str | None]]]:
    """By sample id: the marks of its objects and the ids of what finds them; nothing for an object of the App's own."""
    marks: dict[str, dict[str, list[str | None]]] = {}
    for _, sample, labels in there:
        ids = [(name in finders, finders.get(name)) for name, _ in labels]
        marks[sample] = {
            EVALUATION: [("tp" if finder else "fn") if known else None for known, finder in ids],
            FINDER: [str(finder) if finder else None for _, finder in ids],
        }
    return marks


def _counts(
    there: Sequence[Placed], seen: list[Document], marks: Mapping[str, Mapping[str, list[str | None]]], inside: str
) -> dict[str, dict[str, int]]:
    """How many are tp, fp and fn in each sample."""
    false = {sample: sum(label[EVALUATION] == "fp" for label in seen[row][inside]) for row, sample, _ in there}
    of_truth = {kind: {sample: each[EVALUATION].count(kind) for sample, each in marks.items()} for kind in ("tp", "fn")}
    return {"fp": false, **of_truth}
