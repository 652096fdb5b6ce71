"""Words that the whole project shares."""

from collections.abc import Sequence
from typing import Literal

Task = Literal["detect", "segment"]  # boxes, or outlines of instances
SPLITS = ("train", "val", "test")
STAGES = ("pull", "convert", "check", "train", "evaluate", "export", "promote")  # in the order of a run


def counted(count: int, noun: str) -> str:
    """`1 task`, `2,000 tasks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
