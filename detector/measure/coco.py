"""COCO's metrics, by faster-coco-eval: the same numbers as pycocotools, https://cocodataset.org/#detection-eval."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from detector.measure.shapes import Compared, Kind, Shapes
from detector.system.garbage import paused

AREAS = ("", "small/", "medium/", "large/")  # COCO's: objects under 32², under 96² square pixels, and from there on
MOST = (1, 10, 100)  # predictions of a class that count on an image


def coco_metrics(compared: Compared, kind: Kind) -> dict[str, float]:
    """Average precision and recall, 0 to 1: `mAP50-95`, `mAP50`, `mAP75`, `AR1`, `AR10`, `AR100`.

    Also by size as `small/mAP50-95` and `small/AR100`, and by class as `mAP50-95/<class>` and `mAP50/<class>`. What has
    no object is left out.
    """
    if not len(compared.truth):
        return {}
    classes = compared.classes
    precision, recall = _evaluated(compared, kind)
    overall = {
        "mAP50-95": precision[..., 0, -1],
        "mAP50": precision[0, ..., 0, -1],
        "mAP75": precision[5, ..., 0, -1],
        **{f"AR{most}": recall[..., 0, at] for at, most in enumerate(MOST)},
    }
    sizes = {f"{area}mAP50-95": precision[..., at, -1] for at, area in enumerate(AREAS) if area}
    sizes |= {f"{area}AR100": recall[..., at, -1] for at, area in enumerate(AREAS) if area}
    of_class = {f"mAP50-95/{name}": precision[:, :, at, 0, -1] for at, name in enumerate(classes)}
    of_class |= {f"mAP50/{name}": precision[0, :, at, 0, -1] for at, name in enumerate(classes)}
    return _means(overall | sizes | of_class)


def _means(values: Mapping[str, Any]) -> dict[str, float]:
    """The mean of each where there is something to measure, which -1 marks the lack of."""
    measurable = {name: each[each > -1] for name, each in values.items()}
    return {name: float(each.mean()) for name, each in measurable.items() if each.size}


def _evaluated(compared: Compared, kind: Kind) -> tuple[Any, Any]:
    """`precision` (thresholds, recalls, classes, areas, most), and `recall`, which has no axis of recalls.

    Class by class: the package makes an object of Python's of each prediction, and a class is all that it needs.
    """
    each = [_of_class(compared, label, kind) for label in range(len(compared.classes))]
    precision, recall = zip(*each, strict=True)
    return np.concatenate(precision, axis=2), np.concatenate(recall, axis=1)


def _of_class(compared: Compared, label: int, kind: Kind) -> tuple[Any, Any]:
    """As `_evaluated`, of one class; the axis of classes has a length of 1."""
    from faster_coco_eval import COCO, COCOeval_faster

    truth = compared.truth.take(np.flatnonzero(compared.truth.class_id == label))
    seen = compared.seen.take(np.flatnonzero(compared.seen.class_id == label))
    images = np.union1d(truth.image, seen.image).tolist()
    head = {
        "images": [{"id": at, "width": 1, "height": 1} for at in images],
        "categories": [{"id": label, "name": compared.classes[label]}],
    }
    known, predicted = COCO(), COCO()
    with paused():
        known.dataset = head | {"annotations": _annotations(truth, kind)}
        predicted.dataset = head | {"annotations": _annotations(seen, kind)}
        for part in (known, predicted):
            part.createIndex()
        evaluation = COCOeval_faster(known, predicted, kind, print_function=lambda *_: None)
        evaluation.params.maxDets = list(MOST)
        evaluation.evaluate()
        evaluation.accumulate()
    return np.asarray(evaluation.eval["precision"]), np.asarray(evaluation.eval["recall"])


def _annotations(shapes: Shapes, kind: Kind) -> list[dict[str, Any]]:
    masks = shapes.masks if kind == "segm" and shapes.masks is not None else [None] * len(shapes)
    columns = (each.tolist() for each in (shapes.image, shapes.class_id, shapes.boxes, shapes.areas, shapes.scores))
    return [
        {
            "id": at, "image_id": image, "category_id": label, "bbox": box, "area": area, "score": score,
            "segmentation": mask, "iscrowd": 0,
        }
        for at, (image, label, box, area, score, mask) in enumerate(zip(*columns, masks, strict=True), start=1)
    ]  # fmt: skip
