"""How sure a figure is: bootstrap over images, one draw for all figures, so that two models can be paired.

B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993: percentile intervals.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from detector.data.geometry import Floats, Ints
from detector.measure.precision import OneClass, average_precision, mean_of_classes

RESAMPLES = 1000
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Where a figure lies in 95 of 100 draws."""

    low: float
    high: float


def drawn(classes: Mapping[str, OneClass], weights: Ints) -> dict[str, Floats]:
    """Each figure in every resample, shape (R,): `mAP50-95`, `mAP50`, `mAP75`, and the first two by class.

    `weights` (R, images): see `resamples`. A class without an object is left out.
    """
    of_class = {name: average_precision(of, weights) for name, of in classes.items() if of.objects.any()}
    if not of_class:
        return {}
    parts = {"mAP50-95": slice(None), "mAP50": slice(0, 1), "mAP75": slice(5, 6)}
    figures = {name: mean_of_classes([values[:, part] for values in of_class.values()]) for name, part in parts.items()}
    for label, values in of_class.items():
        figures |= {f"mAP50-95/{label}": values.mean(axis=1), f"mAP50/{label}": values[:, 0]}
    return figures


def interval(values: Floats) -> Interval:
    """The middle CONFIDENCE of what was drawn; resamples without a value don't count."""
    finite = values[~np.isnan(values)]
    if not finite.size:
        return Interval(float("nan"), float("nan"))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(finite, (tail, 1 - tail))
    return Interval(float(low), float(high))


def intervals(figures: Mapping[str, Floats]) -> dict[str, Interval]:
    """The interval of each figure."""
    return {name: interval(values) for name, values in figures.items()}


def once(images: int) -> Ints:
    """The weights of the split itself, shape (1, images): each image counts once."""
    return np.ones((1, images), np.int32)


def values(classes: Mapping[str, OneClass], images: int) -> dict[str, float]:
    """The figures themselves."""
    return {name: float(each[0]) for name, each in drawn(classes, once(images)).items()}
