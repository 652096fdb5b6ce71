"""Which trial is better than what the pipeline has, beyond chance.

Two things are left to chance: which images are in val, and the seed of a training. Each seed gives a difference with a
paired bootstrap interval over the images. The mean over the seeds has the variance of the images (taken as that of one
seed, as if all seeds erred on the same images) and the variances of both means of seeds, as in Welch's test, with the
degrees of freedom of Satterthwaite. The seed of the trials is none of these seeds: the best of many was lucky with it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm, t

from detector.data.comparison import Difference, certainty
from detector.data.studies import Best, Candidate, Verdict
from detector.measure.intervals import CONFIDENCE

_REACH = float(norm.ppf((1 + CONFIDENCE) / 2))  # half of an interval, in standard deviations
MOST = 2  # trials that are trained with further seeds


class Asked(NamedTuple):
    """What decides, and how sure it has to be."""

    metric: str
    confidence: float


def chosen(best: Sequence[Best], own: float) -> list[Best]:
    """Of the finished trials those that are worth further seeds: the best, if they are above the pipeline's own."""
    return sorted((each for each in best if each.value > own), key=lambda each: (-each.value, each.trial))[:MOST]


def candidate(trial: int, values: Mapping[str, Any], differences: Sequence[Difference]) -> Candidate:
    """The trial beside the pipeline's own, by the differences of each seed (two or more)."""
    before, after = (np.array([getattr(each, side) for each in differences]) for side in ("before", "after"))
    images = float(np.mean([((each.high - each.low) / (2 * _REACH)) ** 2 for each in differences]))
    seeds = [float(values.var(ddof=1)) / len(values) for values in (before, after)]
    variance, change = images + sum(seeds), float(after.mean() - before.mean())
    uncertain = sum(each**2 for each in seeds) / (len(differences) - 1)
    freedom = variance**2 / uncertain if uncertain else math.inf
    error = math.sqrt(variance)
    reach = float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Candidate(
        trial=trial,
        values=values,
        before=float(before.mean()),
        after=float(after.mean()),
        low=change - reach,
        high=change + reach,
        better=float(t.cdf(change / error, freedom)) if error else float(change > 0),
    )


def verdict(candidates: Sequence[Candidate], seeds: Sequence[int], own: float, asked: Asked) -> Verdict:
    """The best of the candidates where it is better beyond chance; with several, each has to be so much surer."""
    if not candidates:
        why = f"the defaults stay: no trial came above their {asked.metric} of {own:.4f}"
        return Verdict(None, {}, list(seeds), [], why)
    best = max(candidates, key=lambda each: each.after - each.before)
    confidence = 1 - (1 - asked.confidence) / len(candidates)
    told = _told(best, len(seeds), asked.metric, confidence)
    if best.better < confidence:
        return Verdict(None, {}, list(seeds), list(candidates), f"the defaults stay: trial {best.trial} has {told}")
    return Verdict(best.trial, best.values, list(seeds), list(candidates), f"trial {best.trial} is better: {told}")


def _told(best: Candidate, seeds: int, metric: str, confidence: float) -> str:
    change = f"{best.after - best.before:+.4f} [{best.low:+.4f}, {best.high:+.4f}]".replace("-", "−")
    sure = f"better with {certainty(best.better)} %, {certainty(confidence)} % is asked"
    return f"{metric} {best.after:.4f} against {best.before:.4f} over {seeds} seeds, {change}; {sure}"
