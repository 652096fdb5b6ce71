"""Words that the whole project shares."""

from collections.abc import Sequence
from typing import Literal

Task = Literal["detect", "segment"]  # boxes, or outlines of instances
SPLITS = ("train", "val", "test")
STAGES = ("pull", "convert", "check", "train", "evaluate", "export", "promote")  # in the order of a run


def counted(count: int, noun: str) -> str:
    """`1 task`, `2,000 tasks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rounded(value: float, digits: int = 3) -> str:
    """To so many digits that matter: `0.0123`, `12.3`, `1,410`; those before the point are all there."""
    return f"{value:,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
