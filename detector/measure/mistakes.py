"""What kind of mistake each false prediction is, and what each kind costs.

D. Bolya and others, TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV 2020. Costs are of mAP50: by
how much it would rise, were there no mistakes of the kind.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from detector.data.geometry import Bools, Floats, Ints
from detector.measure.intervals import once
from detector.measure.matches import NOTHING, THRESHOLDS, Matches, Scene
from detector.measure.precision import average_precision, by_class
from detector.measure.shapes import Compared

FOUND, NEAR = 0.5, 0.1  # overlap from which an object is found, and from which a prediction means it
RIGHT = ""
KINDS = {
    "class": "right place, wrong class",
    "place": "right class, wrong place",
    "both": "wrong class, wrong place",
    "duplicate": "found twice",
    "background": "nothing is there",
    "missed": "not found at all",
}
Words = npt.NDArray[np.str_]


def kinds(compared: Compared, matches: Matches, each_scene: Sequence[Scene]) -> tuple[Words, Ints]:
    """The kind of each prediction (N,), RIGHT where it is none; and the object (N,) that it would find but for that.

    The object is -1 where there is none to be found: of the kinds duplicate, background and both.
    """
    truth, seen = compared.truth, compared.seen
    kind = np.full(len(seen), RIGHT, "<U10")
    meant = np.full(len(seen), NOTHING)
    for scene in each_scene:
        wrong = np.flatnonzero(matches.counted[scene.seen] & ~matches.found[scene.seen, 0])
        rows = scene.seen[wrong]
        same = truth.class_id[scene.truth] == seen.class_id[rows, None]
        kind[rows], at = _kinds(scene.overlaps[wrong], same, matches.prediction[scene.truth] != NOTHING)
        meant[rows] = np.where(at == NOTHING, NOTHING, scene.truth[at] if len(scene.truth) else NOTHING)
    return kind, meant


def _kinds(overlaps: Floats, same: Bools, taken: Bools) -> tuple[Words, Ints]:
    """Of false predictions (N) on an image with M objects; overlaps and same: (N, M)."""
    if not overlaps.size:
        return np.full(len(overlaps), "background"), np.full(len(overlaps), NOTHING)
    own, other = overlaps * same, overlaps * ~same
    best = own.max(axis=1)
    cases = [
        (best >= NEAR) & (best <= FOUND),
        other.max(axis=1) >= FOUND,
        (own * taken).max(axis=1) >= FOUND,
        overlaps.max(axis=1) <= NEAR,
    ]
    kind = np.select(cases, ["place", "class", "duplicate", "background"], "both")
    return kind, np.select(cases[:2], [own.argmax(axis=1), other.argmax(axis=1)], NOTHING)


def missed(matches: Matches, meant: Ints) -> Bools:
    """Which objects (M,) no prediction finds, nor would find if its place or class were right."""
    nearly = np.zeros(len(matches.prediction), bool)
    nearly[meant[meant != NOTHING]] = True
    unmatched = matches.prediction == NOTHING
    alone: Bools = unmatched & ~nearly
    return alone


def costs(compared: Compared, matches: Matches, verdicts: tuple[Words, Ints]) -> dict[str, float]:
    """By how much mAP50 would rise without the mistakes of each kind.

    Without one, the prediction finds what it meant, if nothing else does; other false ones are not made.
    """
    kind, meant = verdicts
    hit, label = matches.found[:, 0], compared.seen.class_id
    before, best = _mean(compared, hit, label, matches.counted), _best(compared.seen.scores, meant, matches)
    risen = {}
    for name in KINDS:
        mended = (kind == name) & best
        right = np.where(mended, compared.truth.class_id[meant], label) if mended.any() else label
        without = _without(compared, missed(matches, meant)) if name == "missed" else compared
        after = _mean(without, hit | mended, right, matches.counted & ((kind != name) | mended))
        risen[name] = max(0.0, after - before)
    return risen


def _best(scores: Floats, meant: Ints, matches: Matches) -> Bools:
    """Of all predictions that mean an object which nothing finds, the one with the best score."""
    rows = np.flatnonzero(meant != NOTHING)
    rows = rows[matches.prediction[meant[rows]] == NOTHING]
    order = rows[np.argsort(-scores[rows], kind="stable")]
    _, first = np.unique(meant[order], return_index=True)
    best = np.zeros(len(scores), bool)
    best[order[first]] = True
    return best


def _without(compared: Compared, gone: Bools) -> Compared:
    return replace(compared, truth=compared.truth.take(np.flatnonzero(~gone)))


def _mean(compared: Compared, hit: Bools, label: Ints, counted: Bools) -> float:
    """mAP50 of predictions that are hits or not, of these classes."""
    rows, seen = np.flatnonzero(counted), compared.seen
    found = np.repeat(hit[rows, None], len(THRESHOLDS), axis=1)
    parts = by_class(seen.image[rows], label[rows], seen.scores[rows], found, compared.objects_by_class())
    each = [average_precision(of, once(compared.images))[0, 0] for of in parts if of.objects.any()]
    return float(np.mean(each)) if each else 0.0


def count(scores: Floats, matches: Matches, verdicts: tuple[Words, Ints], from_score: float) -> dict[str, int]:
    """How many mistakes of each kind there are if only predictions from a score on are made."""
    kind, meant = verdicts
    said = scores >= from_score
    counted = {name: int((kind[said] == name).sum()) for name in KINDS if name != "missed"}
    explained = np.zeros(len(matches.prediction), bool)
    explained[meant[said & (meant != NOTHING)]] = True
    finder = matches.prediction
    found = (finder != NOTHING) & said[finder] if len(scores) else np.zeros(len(finder), bool)
    return counted | {"missed": int((~found & ~explained).sum())}
