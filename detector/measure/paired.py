"""Two models on the same images: what differs, and how sure that is.

Two things are left to chance. Which images are in the split: both models are drawn together, on the same images. And
the seeds of both trainings: each draw is moved by what two seeds differ by, where the caller says how much that is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from detector.data.comparison import Difference
from detector.data.evaluation import Evaluation
from detector.data.geometry import Floats, Ints
from detector.measure.intervals import RESAMPLES, drawn, interval, once
from detector.measure.kept import Kept, drawn_here, kept, keys
from detector.measure.precision import resamples


@dataclass(frozen=True)
class Paired:
    """The figures of both by name, and the images that they share, as positions in each one's own."""

    figures: dict[str, Difference]
    before: Sequence[int]
    after: Sequence[int]


def pair(before: Evaluation, after: Evaluation, margin: float = 0.0, seeds: float = 0.0) -> Paired:
    """Compare two evaluations on the images that both have, with the same objects on them.

    `seeds` is the standard deviation of an overall figure between trainings that differ by their seed alone. Classes
    are taken to vary independently: the figure of one of K by the square root of K more.
    """
    mine, others = _shared(keys(before), keys(after))
    groups = after.images["group"].to_pylist()
    weights = resamples(len(others), RESAMPLES, [groups[at] for at in others])
    both = kept(before, mine), kept(after, others)
    values = [_figures(each, once(len(others))) for each in both]
    draws = [_figures(each, weights) for each in both]
    changes = {name: draws[1][name] - draws[0][name] for name in draws[1] if name in draws[0]}
    luck = {False: _luck(seeds), True: _luck(seeds * math.sqrt(len(after.measured.classes)))}
    figures = {
        name: _difference(values[0][name], values[1][name], _moved(change, luck["/" in name]), margin)
        for name, change in changes.items()
    }
    return Paired(figures, mine, others)


def _luck(seeds: float) -> Floats:
    """By what the difference of two trainings is moved in each draw, shape (R,): normal, in a fixed random order."""
    spread = norm.ppf((np.arange(RESAMPLES) + 0.5) / RESAMPLES) * seeds * math.sqrt(2)
    return np.random.default_rng(0).permutation(spread)


def _moved(draws: Floats, luck: Floats) -> Floats:
    """Models that never differ are the same model: no seed is between them."""
    return draws + luck if np.nan_to_num(draws).any() else draws


def _figures(of: Kept, weights: Ints) -> dict[str, Floats]:
    return drawn(of.classes, weights) | drawn_here(of, weights)


def _difference(before: Floats, after: Floats, draws: Floats, margin: float) -> Difference:
    finite = draws[~np.isnan(draws)]
    better = float((finite > margin).mean()) if finite.size else 0.0
    return Difference(float(before[0]), float(after[0]), *interval(draws), better)


def fewer_mistakes(before: Evaluation, after: Evaluation, paired: Paired) -> Ints:
    """By how many each shared image has fewer missed objects and false predictions after than before."""
    return before.mistakes[list(paired.before)] - after.mistakes[list(paired.after)]


def _shared(before: Sequence[str], after: Sequence[str]) -> tuple[list[int], list[int]]:
    """The positions of the images that both have; copies are paired one by one."""
    waiting: dict[str, list[int]] = {}
    for at, key in enumerate(before):
        waiting.setdefault(key, []).append(at)
    pairs = [(waiting[key].pop(0), at) for at, key in enumerate(after) if waiting.get(key)]
    return [mine for mine, _ in pairs], [other for _, other in pairs]
