"""One evaluation: predictions of weights on a split, and all that is computed from them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from detector.data.dataset import Split
from detector.data.evaluation import Evaluation, Measured
from detector.measure import mistakes
from detector.measure.coco import coco_metrics
from detector.measure.intervals import RESAMPLES, drawn, intervals
from detector.measure.matches import Matches, match, scenes
from detector.measure.operating import OperatingPoint, operating_point
from detector.measure.precision import OneClass, by_class, resamples
from detector.measure.shapes import Compared, Kind, Shapes, kind_of
from detector.measure.slices import slices
from detector.measure.split import groups, part_of
from detector.measure.tables import tables
from detector.models.validate import seen_on
from detector.system.shards import Advance


class Wanted(NamedTuple):
    """What else is measured: a precision to operate at (None: the best F1), and task fields to slice by."""

    precision: float | None = None
    slices: Sequence[str] = ()


class Weights(NamedTuple):
    """A checkpoint, and the fingerprint of what it has learned."""

    file: Path
    fingerprint: str


PLAIN = Wanted()


def evaluate(trained: Weights, split: Split, folder: Path, advance: Advance, wanted: Wanted = PLAIN) -> Evaluation:
    """Measure weights on a split, and leave an Evaluation in `folder`; `advance` is called for each image."""
    return judge(seen_on(trained.file, split, folder, advance), split, trained.fingerprint, folder, wanted)


def judge(seen: pa.Table, split: Split, weights: str, folder: Path, wanted: Wanted = PLAIN) -> Evaluation:
    """Compute all figures of predictions (schema SEEN), and leave an Evaluation of `weights` in `folder`."""
    part, task = part_of(split, seen), split.dataset.conversion["task"]
    compared, kind = part.compared, kind_of(task)
    each_scene = list(scenes(compared, kind))
    matches = match(compared, each_scene)
    verdicts = mistakes.kinds(compared, matches, each_scene)
    point = _point(compared, matches, wanted.precision)
    classes = _classes(compared, matches)
    weighting = resamples(compared.images, RESAMPLES, groups(part.images))
    counts = mistakes.count(compared.seen.scores, matches, verdicts, point.score)
    costs = mistakes.costs(compared, matches, verdicts)
    that_count = replace(compared, seen=compared.seen.take(np.flatnonzero(matches.counted)))
    measured = Measured(
        split=split.name,
        dataset=split.dataset.version,
        test_set=split.content,
        weights=weights,
        task=task,
        classes=split.dataset.classes,
        metrics=_coco(that_count, kind) | _at_point(point) | dict(_by_class_at_point(compared, matches, point)),
        intervals=dict(intervals(drawn(classes, weighting))),
        operating_point=asdict(point),
        mistakes={name: {"count": counts[name], "cost": costs[name]} for name in mistakes.KINDS},
        slices=slices(part.images, classes, weighting, wanted.slices),
    )
    evaluation = Evaluation(folder)
    evaluation.write(measured, tables(part, matches, verdicts, point))
    return evaluation


def _classes(compared: Compared, matches: Matches) -> dict[str, OneClass]:
    counted, seen = np.flatnonzero(matches.counted), compared.seen
    columns = (seen.image[counted], seen.class_id[counted], seen.scores[counted], matches.found[counted])
    return dict(zip(compared.classes, by_class(*columns, compared.objects_by_class()), strict=True))


def _point(compared: Compared, matches: Matches, precision: float | None) -> OperatingPoint:
    counted = matches.counted
    return operating_point(compared.seen.scores[counted], matches.found[counted, 0], len(compared.truth), precision)


def _coco(compared: Compared, kind: Kind) -> dict[str, float]:
    """COCO's metrics; of masks, with those of their boxes as `box/…`."""
    metrics = coco_metrics(compared, kind)
    if kind == "segm":
        boxes = replace(compared, truth=_boxed(compared.truth), seen=_boxed(compared.seen))
        metrics |= {f"box/{name}": value for name, value in coco_metrics(boxes, "bbox").items()}
    return metrics


def _boxed(shapes: Shapes) -> Shapes:
    return replace(shapes, areas=shapes.boxes[:, 2:].prod(axis=1), masks=None)


def _at_point(point: OperatingPoint) -> dict[str, float]:
    return {"precision": point.precision, "recall": point.recall, "F1": point.f1, "score": point.score}


def _by_class_at_point(compared: Compared, matches: Matches, point: OperatingPoint) -> Iterator[tuple[str, float]]:
    """Precision and recall of each class at the operating point."""
    said = matches.said(compared.seen.scores, point.score)
    hit = said & matches.found[:, 0]
    for label, name in enumerate(compared.classes):
        own, objects = compared.seen.class_id == label, int((compared.truth.class_id == label).sum())
        if predicted := int((said & own).sum()):
            yield f"precision/{name}", float((hit & own).sum() / predicted)
        if objects:
            yield f"recall/{name}", float((hit & own).sum() / objects)
