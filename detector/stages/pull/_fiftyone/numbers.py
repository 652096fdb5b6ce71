"""Numbers in files that others wrote."""

import math
from typing import Any


def numbers_of(values: Any) -> list[float] | None:
    """Finite numbers, also those written as text; None where something is none."""
    if not isinstance(values, list):
        return None
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def size_of(width: Any, height: Any) -> tuple[int, int] | None:
    """Width and height in pixels; None where they are not known, which many tools write as 0."""
    numbers = numbers_of([width, height])
    if numbers is None or min(numbers) < 1 or max(numbers) >= 2**31:
        return None
    return int(numbers[0]), int(numbers[1])
