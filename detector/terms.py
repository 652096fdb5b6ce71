"""Words that the whole project shares."""

from typing import Literal

Task = Literal["detect", "segment"]  # boxes, or outlines of instances
SPLITS = ("train", "val", "test")
STAGES = ("pull", "convert", "check", "train", "evaluate", "export", "promote")  # in the order of a run


def counted(count: int, noun: str) -> str:
    """`1 task`, `2,000 tasks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
