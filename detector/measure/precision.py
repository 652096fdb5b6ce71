"""Average precision under weights: a resample of the images counts each so many times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.data.geometry import Bools, Floats, Ints
from detector.measure.matches import THRESHOLDS

RECALLS = np.linspace(0, 1, 101)  # where COCO reads precision off the curve
Counts = npt.NDArray[np.int32]
TOGETHER = 64  # resamples that are computed at once
CELLS = 1 << 22  # predictions times resamples that are computed at once: they take some 50 bytes each


@dataclass(frozen=True)
class OneClass:
    """The predictions of a class that count, best score first, and its objects.

    image (N,): position of each prediction's image; score (N,); found (N, 10): see Matches; objects (images,): how many
    objects each image has.
    """

    image: Ints
    score: Floats
    found: Bools
    objects: Ints


def average_precision(of: OneClass, weights: Ints) -> Floats:
    """Of R resamples at each threshold, shape (R, 10); NaN in a resample without an object of the class.

    `weights` (R, images) says how many times each image counts.
    """
    total = weights @ of.objects
    precision = np.full((len(weights), len(THRESHOLDS)), np.nan)
    ends = np.flatnonzero(of.found.any(axis=1))
    last = int(ends[-1]) + 1 if ends.size else 0  # what comes after the last hit shapes nothing
    by_image = np.ascontiguousarray(weights.T)
    together = max(1, min(TOGETHER, CELLS // max(last, 1)))
    for start in range(0, len(weights), together):
        part = slice(start, start + together)
        times = by_image[of.image[:last], part]
        seen = np.cumsum(times, axis=0, dtype=np.int32)
        for at in range(len(THRESHOLDS)):
            hits = np.flatnonzero(of.found[:last, at])
            right = np.cumsum(times[hits], axis=0, dtype=np.int32)
            precision[part, at] = _area(right, seen[hits], total[part])
    precision[total == 0] = np.nan
    return precision


def _area(right: Counts, seen: Counts, total: Ints) -> Floats:
    """The mean precision at RECALLS, shape (R,), from counts at each hit: `right` and `seen` (hits, R)."""
    if not len(right):
        return np.zeros(len(total))
    ratio = right / np.maximum(seen, 1)
    envelope = np.maximum.accumulate(ratio[::-1], axis=0)[::-1]
    reached = np.searchsorted(RECALLS, right / np.maximum(total, 1), side="right")  # so many of RECALLS at each hit
    areas: Floats = (envelope * np.diff(reached, axis=0, prepend=0)).sum(axis=0) / len(RECALLS)
    return areas


def mean_of_classes(each: Sequence[Floats]) -> Floats:
    """Mean over classes and thresholds, shape (R,), of arrays (R, k); NaN only where no class has a value."""
    stacked = np.stack([values.mean(axis=1) for values in each])
    known = ~np.isnan(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    means: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def resamples(images: int, count: int, groups: Sequence[str] | None = None, seed: int = 0) -> Ints:
    """Bootstrap weights (count, images): how often each image is drawn; images of one group are drawn together."""
    if not images:
        return np.zeros((count, 0), np.int32)
    _, member = np.unique(np.arange(images) if groups is None else np.array(groups), return_inverse=True)
    size = int(member.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), count)
    return np.ascontiguousarray(drawn[:, member], np.int32)


def by_class(image: Ints, class_id: Ints, score: Floats, found: Bools, objects: Sequence[Ints]) -> Iterator[OneClass]:
    """Each class's own part; `objects` has, for each class, how many of it each image has.

    Predictions come in the order of their images, which decides between equal scores as in COCO's own code.
    """
    for label, known in enumerate(objects):
        rows = np.flatnonzero(class_id == label)
        order = rows[np.lexsort((image[rows], -score[rows]))]
        yield OneClass(image[order], score[order], found[order], known)


def part_of(of: OneClass, images: Sequence[int]) -> OneClass:
    """What is on these images alone; their positions are those in the list."""
    position = np.full(len(of.objects), -1)
    position[list(images)] = np.arange(len(images))
    kept = position[of.image] >= 0
    return OneClass(position[of.image[kept]], of.score[kept], of.found[kept], of.objects[list(images)])
