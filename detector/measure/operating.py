"""The operating point: the score from which a prediction counts, when a model is used."""

from dataclasses import dataclass

import numpy as np

from detector.data.geometry import Bools, Floats


@dataclass(frozen=True)
class OperatingPoint:
    """From `score` on, predictions have this precision and recall at an overlap of 0.5, all classes together.

    `asked` is the precision that was wanted, None for the best F1.
    """

    score: float
    precision: float
    recall: float
    asked: float | None = None

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def reached(self) -> bool:
        """Whether the precision that was asked for is there."""
        return self.asked is None or self.precision >= self.asked


def operating_point(scores: Floats, hit: Bools, objects: int, precision: float | None = None) -> OperatingPoint:
    """The score of the best F1; or with `precision`, the lowest that still reaches it (else that of the best F1).

    scores (N,); hit (N,): whether each prediction finds an object; objects: how many there are to find.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True)) if len(ordered) else np.empty(0, np.int64)
    if not ends.size or not objects or not hit.any():
        return OperatingPoint(1.0, 0.0, 0.0, precision)
    right = np.cumsum(hit[order])[ends]
    precisions, recalls = right / (ends + 1), right / objects
    best = int(np.argmax(2 * right / (ends + 1 + objects)))
    if precision is not None:
        good = np.flatnonzero(precisions >= precision)
        best = int(good[-1]) if good.size else best
    return OperatingPoint(float(ordered[ends[best]]), float(precisions[best]), float(recalls[best]), precision)
