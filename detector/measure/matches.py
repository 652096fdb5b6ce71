"""Which prediction finds which object, at each of COCO's thresholds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.data.geometry import Bools, Floats, Ints
from detector.measure.shapes import Compared, Kind, Shapes

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # least intersection over union of a prediction and what it finds
MOST = 100  # predictions of a class that count on an image, the best first
NOTHING = -1


@dataclass(frozen=True)
class Matches:
    """N predictions and M objects.

    found (N, 10): whether a prediction finds an object at each threshold; counted (N,): whether it is among the
    MOST of its class on its image; object (N,): row of the object that it finds at the first threshold, or -1;
    prediction (M,): the other way round.
    """

    found: Bools
    counted: Bools
    object: Ints
    prediction: Ints

    def said(self, scores: Floats, from_score: float) -> Bools:
        """Which predictions (N,) count when those of a score on are made; `scores` (N,)."""
        return self.counted & (scores >= from_score)


@dataclass(frozen=True)
class Scene:
    """The predictions (rows, best first) and the objects (rows) on one image; overlaps (predictions, objects)."""

    seen: Ints
    truth: Ints
    overlaps: Floats


def scenes(compared: Compared, kind: Kind) -> Iterator[Scene]:
    """Every image with what is on it, of all classes."""
    truth, seen, images = compared.truth, compared.seen, compared.images
    order = np.lexsort((-seen.scores, seen.image))  # stable: of equal scores the first stays first
    bounds = np.searchsorted(seen.image[order], np.arange(images + 1))
    borders = np.searchsorted(truth.image, np.arange(images + 1))
    for at in range(images):
        predicted = order[bounds[at] : bounds[at + 1]]
        objects = np.arange(borders[at], borders[at + 1])
        yield Scene(predicted, objects, _overlaps(_shape(seen, predicted, kind), _shape(truth, objects, kind)))


def _overlaps(predicted: Any, objects: Any) -> Floats:
    """Intersection over union, 0 to 1, shape (predicted, objects)."""
    from faster_coco_eval import mask

    if not len(predicted) or not len(objects):
        return np.zeros((len(predicted), len(objects)))
    return np.asarray(mask.iou(predicted, objects, [0] * len(objects)), np.float64)


def _shape(shapes: Shapes, rows: Ints, kind: Kind) -> Any:
    masks = shapes.masks
    return [masks[row] for row in rows] if kind == "segm" and masks is not None else shapes.boxes[rows]


def match(compared: Compared, each_scene: Iterable[Scene]) -> Matches:
    """Greedily, as COCO does: the best score first, each takes the free object of its class that it overlaps most."""
    truth, seen = compared.truth, compared.seen
    found = np.zeros((len(seen), len(THRESHOLDS)), bool)
    counted = np.zeros(len(seen), bool)
    of_prediction, of_object = np.full(len(seen), NOTHING), np.full(len(truth), NOTHING)
    for scene in each_scene:
        labels, known = seen.class_id[scene.seen], truth.class_id[scene.truth]
        for label in np.unique(labels):
            rows, objects = np.flatnonzero(labels == label)[:MOST], np.flatnonzero(known == label)
            counted[scene.seen[rows]] = True
            taken = _take(scene.overlaps[np.ix_(rows, objects)])
            found[scene.seen[rows]] = taken != NOTHING
            first = taken[:, 0]
            hits = np.flatnonzero(first != NOTHING)
            finders, finds = scene.seen[rows[hits]], scene.truth[objects[first[hits]]]
            of_prediction[finders], of_object[finds] = finds, finders
    return Matches(found, counted, of_prediction, of_object)


def _take(overlaps: Floats) -> npt.NDArray[np.int64]:
    """Which object (a column, or -1) each prediction (a row, the best first) takes at each threshold."""
    taken = np.full((len(overlaps), len(THRESHOLDS)), NOTHING)
    if not overlaps.size:
        return taken
    free = np.ones((len(THRESHOLDS), overlaps.shape[1]), bool)
    last = overlaps.shape[1] - 1
    for row in np.flatnonzero(overlaps.max(axis=1) >= THRESHOLDS[0]):
        open_ = np.where(free, overlaps[row], -1.0)
        best = last - np.argmax(open_[:, ::-1], axis=1)  # of equal overlaps the last, as in COCO's own loop
        hits = np.flatnonzero(open_[np.arange(len(THRESHOLDS)), best] >= THRESHOLDS)
        taken[row, hits] = best[hits]
        free[hits, best[hits]] = False
    return taken
