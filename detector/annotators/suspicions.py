"""Where a model and the labels disagree so much that the label may be the mistake.

Each annotated object, and each confident prediction that lies on none, gets how likely it is a mistake, 0 to 1: the
larger of two opinions.

- Ours, by the chance c that the prediction is right, as its score was calibrated:
  missed      c, of a prediction that overlaps no object by more than NEAR
  class       c * overlap, of an object under a prediction of another class, less the best of its own class there
  place       c * (1 - overlap) / (1 - NEAR), of an object and the prediction of its class that overlaps it most
  spurious    of an object that nothing overlaps: rather a mistake than one of those that the model does not see
- cleanlab's label quality scores of boxes (U. Tkachenko, A. Thyagarajan, J. Mueller: ObjectLab, ICML 2023 workshop):
  overlooked, badly located and swapped, with calibrated chances for probabilities; 1 - quality is the opinion.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from detector.annotators.calibration import Chance
from detector.data.geometry import Floats, Ints
from detector.label_studio.consensus import overlap
from detector.measure.matches import NOTHING, Scene
from detector.measure.shapes import Compared

NEAR = 0.1  # overlap up to which a prediction means another object
FOUND = 0.5  # overlap from which it means this one
SURE, LIKELY = 0.8, 0.5  # chances: of overlooked and swapped ones, and of badly located ones (cleanlab's thresholds)
PRIOR = 0.05  # share of labels that are mistakes, before anything was looked at
LEAST = 0.25  # chance of a prediction that is listened to

KINDS = {
    "missed": "an object without a label",
    "class": "another class",
    "place": "a box in the wrong place",
    "spurious": "a label on nothing",
}


class Suspicion(NamedTuple):
    """A likely mistake: a key of KINDS, how likely, and the rows of the object and the prediction (-1: none)."""

    kind: str
    strength: float
    object: int
    prediction: int


def suspicions(compared: Compared, each_scene: Iterable[Scene], chance: Chance) -> list[Suspicion]:
    """One for each object, and for each prediction that lies on none; the likeliest first."""
    chances, every = chance(compared.seen.scores), list(each_scene)
    theirs = _cleanlab(compared, every, chances)
    merged = [_larger(each, theirs) for each in ours(compared, every, chances)]
    return sorted(merged, key=lambda each: -each.strength)


def ours(compared: Compared, every: Sequence[Scene], chances: Floats) -> list[Suspicion]:
    """The first opinion by itself; `chances` (N,) of the predictions."""
    doubts = _doubts(compared, every, chances)
    return [each for scene in every for each in _of_scene(compared, scene, chances, doubts)]


def _larger(own: Suspicion, theirs: dict[tuple[int, int], tuple[str, float]]) -> Suspicion:
    """The same, with cleanlab's opinion where that is larger."""
    key = (own.object, NOTHING) if own.object != NOTHING else (NOTHING, own.prediction)
    kind, strength = theirs.get(key, (own.kind, 0.0))
    return own._replace(kind=kind, strength=strength) if strength > own.strength else own


def _doubts(compared: Compared, every: Sequence[Scene], chances: Floats) -> Floats:
    """Of each class, how likely a label on which nothing is seen is a mistake, and no object that the model can't see.

    The share of objects that it can't see is taken from the others (Jeffreys' estimate); PRIOR of all are mistakes.
    """
    classes = len(compared.classes)
    missed, total = np.zeros(classes), np.zeros(classes)
    for scene in every:
        labels = compared.truth.class_id[scene.truth]
        heard = chances[scene.seen] >= LEAST
        near = (scene.overlaps * heard[:, None]).max(axis=0, initial=0) > NEAR
        np.add.at(total, labels, 1)
        np.add.at(missed, labels, ~near)
    elsewhere = np.maximum(missed - 1, 0) + 0.5
    doubts: Floats = PRIOR / (PRIOR + elsewhere / np.maximum(total, 1))
    return doubts


def _of_scene(compared: Compared, scene: Scene, chances: Floats, doubts: Floats) -> Iterator[Suspicion]:
    """Ours, on one image."""
    likely = chances[scene.seen]
    for column, row in enumerate(scene.truth.tolist()):
        own = compared.seen.class_id[scene.seen] == compared.truth.class_id[row]
        yield _of_object(
            row, scene, scene.overlaps[:, column], likely, own, float(doubts[compared.truth.class_id[row]])
        )
    best = scene.overlaps.max(axis=1, initial=0)
    taken: list[int] = []
    for at in np.flatnonzero((best <= NEAR) & (likely >= LEAST)):
        row = int(scene.seen[at])
        if not _covered(compared, row, taken):
            taken.append(row)
            yield Suspicion("missed", float(likely[at]), NOTHING, row)


def _of_object(  # noqa: PLR0913, PLR0917 - an object and all that is seen around it
    row: int, scene: Scene, overlaps: Floats, likely: Floats, own: npt.NDArray[np.bool_], doubt: float
) -> Suspicion:
    heard = likely >= LEAST
    same, other = (np.where(heard & each, overlaps, 0.0) for each in (own, ~own))
    support = float((likely * same).max(initial=0))
    candidates = [Suspicion("spurious", doubt * (1 - _best(likely, overlaps > NEAR)), row, NOTHING)]
    if other.max(initial=0) >= FOUND:
        at = int((likely * other).argmax())
        strength = max(0.0, float(likely[at] * other[at]) - support)
        candidates.append(Suspicion("class", strength, row, int(scene.seen[at])))
    if same.max(initial=0) > NEAR:
        at = int((likely * same).argmax())
        strength = max(0.0, float(likely[at] * (1 - same[at]) / (1 - NEAR)))
        candidates.append(Suspicion("place", min(strength, 1.0), row, int(scene.seen[at])))
    return max(candidates, key=lambda each: each.strength)


def _best(likely: Floats, near: npt.NDArray[np.bool_]) -> float:
    return float(likely[near].max(initial=0))


def _covered(compared: Compared, row: int, taken: Sequence[int]) -> bool:
    """Whether one of the predictions `taken` is of the same object."""
    return any(overlap(*_corners(compared.seen.boxes[[row, each]]).tolist()) > NEAR for each in taken)


def _cleanlab(compared: Compared, every: Sequence[Scene], chances: Floats) -> dict[tuple[int, int], tuple[str, float]]:
    """By object, or by prediction, the kind of mistake and how likely, as cleanlab scores it."""
    from cleanlab.object_detection import rank

    labels = [_annotated(compared, scene.truth) for scene in every]
    predictions = [_predicted(compared, scene.seen, chances) for scene in every]
    given: dict[str, Any] = {"labels": labels, "predictions": predictions}
    place = rank.compute_badloc_box_scores(**given, low_probability_threshold=LIKELY)
    swap = rank.compute_swap_box_scores(**given, high_probability_threshold=SURE)
    overlooked = rank.compute_overlooked_box_scores(**given, high_probability_threshold=SURE)
    opinions: dict[tuple[int, int], tuple[str, float]] = {}
    for at, scene in enumerate(every):
        for kind, scores in (("place", place[at]), ("class", swap[at])):
            for row, score in zip(scene.truth.tolist(), scores.tolist(), strict=True):
                _note(opinions, (row, NOTHING), kind, 1 - score)
        rows = _by_class(compared, scene.seen)
        for row, score in zip(rows.tolist(), overlooked[at].tolist(), strict=True):
            _note(opinions, (NOTHING, row), "missed", 0.0 if np.isnan(score) else 1 - score)
    return opinions


def _note(opinions: dict[tuple[int, int], tuple[str, float]], of: tuple[int, int], kind: str, strength: float) -> None:
    if strength > opinions.get(of, ("", -1.0))[1]:
        opinions[of] = kind, strength


def _annotated(compared: Compared, rows: Ints) -> dict[str, Any]:
    return {"bboxes": _corners(compared.truth.boxes[rows]), "labels": compared.truth.class_id[rows]}


def _by_class(compared: Compared, rows: Ints) -> Ints:
    """In the order in which cleanlab goes through them."""
    return rows[np.argsort(compared.seen.class_id[rows], kind="stable")]


def _predicted(compared: Compared, rows: Ints, chances: Floats) -> Any:
    """For each class an array (M, 5): left, top, right, bottom, chance."""
    of_class = compared.seen.class_id[rows]
    corners = np.column_stack([_corners(compared.seen.boxes[rows]), chances[rows]])
    by_class = np.empty(len(compared.classes), dtype=object)
    for label in range(len(compared.classes)):
        by_class[label] = corners[of_class == label]
    return by_class


def _corners(boxes: Floats) -> Floats:
    """Left, top, right, bottom."""
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
