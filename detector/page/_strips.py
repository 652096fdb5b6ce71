"""A figure with its interval as a small strip beside a row of a table."""

import math
from typing import NamedTuple

WIDTH, HEIGHT = 160, 16  # of a strip, in its own units
INSIDE = 4  # so that a dot on the edge is whole


class Strip(NamedTuple):
    """Places along the strip: of the interval's ends, of the figure, and of zero (None where it is the edge)."""

    low: float
    high: float
    at: float
    zero: float | None
    width: int = WIDTH
    height: int = HEIGHT


def share(value: float, interval: tuple[float, float]) -> Strip:
    """Of a figure between 0 and 1."""
    low, high = (value if math.isnan(end) else end for end in interval)
    return Strip(_place(low), _place(high), _place(value), None)


def change(value: float, interval: tuple[float, float], most: float) -> Strip:
    """Of a change between -most and most, with zero in the middle."""
    low, high = (value if math.isnan(end) else end for end in interval)
    places = [_place((each / most + 1) / 2) for each in (low, high, value)]
    return Strip(places[0], places[1], places[2], zero=_place(0.5))


def _place(part: float) -> float:
    return round(INSIDE + min(max(part, 0.0), 1.0) * (WIDTH - 2 * INSIDE), 1)
