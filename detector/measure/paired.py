"""Two models on the same images: what differs, and how sure that is. Both are drawn together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


def pair(before: Evaluation, after: Evaluation, margin: float = 0.0) -> Paired:
    """Compare two evaluations on the images that both have, with the same objects on them."""
    mine, others = _shared(keys(before), keys(after))
    groups = after.images["group"].to_pylist()
    weights = resamples(len(others), RESAMPLES, [groups[at] for at in others])
    both = kept(before, mine), kept(after, others)
    values = [_figures(each, once(len(others))) for each in both]
    draws = [_figures(each, weights) for each in both]
    figures = {
        name: _difference(float(values[0][name][0]), float(values[1][name][0]), draws[1][name] - draws[0][name], margin)
        for name in draws[1]
        if name in draws[0]
    }
    return Paired(figures, mine, others)


def _figures(of: Kept, weights: Ints) -> dict[str, Floats]:
    return drawn(of.classes, weights) | drawn_here(of, weights)


def _difference(before: float, after: float, draws: Floats, margin: float) -> Difference:
    finite = draws[~np.isnan(draws)]
    better = float((finite > margin).mean()) if finite.size else 0.0
    return Difference(before, after, *interval(draws), better)


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
