"""Precision over recall, at an overlap of 0.5: of all predictions together, and of single classes."""

import math
from typing import Any, NamedTuple

import numpy as np

from detector.data.evaluation import Evaluation
from detector.data.geometry import Bools, Floats
from detector.measure.kept import kept
from detector.measure.precision import RECALLS

WIDTH, HEIGHT = 360, 260  # of the field, in its own units
CLASSES = 5  # lines of single classes: those with the least precision, of more


class Line(NamedTuple):
    """A curve: its name, its mean precision (of a class that is its mAP50), and its points as SVG takes them."""

    name: str
    mean: float
    points: str


def precision_recall(evaluation: Evaluation | None) -> dict[str, Any] | None:
    """The curves with the operating point on the first; None where there is no object to find."""
    if evaluation is None or not evaluation.objects.num_rows:
        return None
    classes = kept(evaluation, range(evaluation.images.num_rows)).classes
    annotated = {name: of for name, of in classes.items() if of.objects.any()}
    curves = {name: curve(of.found[:, 0], int(of.objects.sum())) for name, of in annotated.items()}
    worst = sorted(curves, key=lambda name: float(curves[name].mean()))[:CLASSES]
    scores = np.concatenate([of.score for of in annotated.values()])
    hits = np.concatenate([of.found[:, 0] for of in annotated.values()])[np.argsort(-scores, kind="stable")]
    pooled = curve(hits, sum(int(of.objects.sum()) for of in annotated.values()))
    point = evaluation.measured.operating_point
    precision, recall, score = (float(point[name] or 0.0) for name in ("precision", "recall", "score"))
    return {
        "lines": [_line("all classes", pooled), *(_line(name, curves[name]) for name in classes if name in worst)],
        "hidden": len(curves) - len(worst),
        "width": WIDTH,
        "height": HEIGHT,
        "point": (_x(recall), _y(precision)),
        "score": score,
        "precision": precision,
        "recall": recall,
        "asked": point["asked"],
        "ticks": [(part, _x(part), _y(part)) for part in (0, 0.25, 0.5, 0.75, 1)],
    }


def curve(hit: Bools, objects: int) -> Floats:
    """The highest precision at each of COCO's 101 recalls or above, shape (101,); `hit` (N,), the best score first."""
    right = np.cumsum(hit)
    ratio = right / np.arange(1, len(hit) + 1)
    envelope = np.append(np.maximum.accumulate(ratio[::-1])[::-1], 0.0)
    levels: Floats = envelope[np.searchsorted(right / objects, RECALLS)]
    return levels


def _line(name: str, precision: Floats) -> Line:
    last = math.floor(np.flatnonzero(precision).max(initial=0))
    shown = [(RECALLS[at], precision[at]) for at in range(last + 1)]
    return Line(name, float(precision.mean()), " ".join(f"{_x(recall)},{_y(value)}" for recall, value in shown))


def _x(recall: float) -> float:
    return round(float(recall) * WIDTH, 1)


def _y(precision: float) -> float:
    return round(HEIGHT - float(precision) * HEIGHT, 1)
