"""What a txt says of its picture.

Row: `class x y width height`, centre and size, or `class x0 y0 x1 y1 …` for an outline; numbers are shares of the
image's width and height. Format: https://docs.ultralytics.com/datasets/detect and …/segment.
"""

import math
import os
from pathlib import Path
from typing import NamedTuple

from detector.errors import UsageError
from detector.system.text import decode


class Row(NamedTuple):
    """One line of a txt: its number, the class id and its numbers in percent; or what is wrong with it."""

    line: int
    class_id: int
    numbers: list[float]
    wrong: str | None = None


def rows_of(file: str) -> list[Row]:
    """The rows of a file. Raises UsageError where it can't be read."""
    try:
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - a Path for each of many files takes longer
            return parse(decode(opened.read(), "replace"))
    except OSError as error:
        raise UsageError(f"{os.fspath(Path(file))} can't be read ({error.strerror})") from error


def parse(text: str) -> list[Row]:
    """The rows of a txt; blank lines are none. What a line says is never repeated: it may be any file's."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [_row(number, words) for number, line in enumerate(lines, 1) if (words := line.split())]


def _row(line: int, words: list[str]) -> Row:
    try:
        class_id, *numbers = map(float, words)
    except ValueError:
        return Row(line, -1, [], "holds something that is no number")
    count = len(numbers)
    if count != 4 and (count < 6 or count % 2):
        return Row(line, -1, [], f"{len(words)} numbers: a box has 5, an outline an odd number from 7")
    if not class_id.is_integer():
        return Row(line, -1, [], f"class {class_id:g} is no whole number")
    percent = [number * 100 for number in numbers]
    if not math.isfinite(sum(percent)):
        return Row(line, -1, [], "holds a number without an end")
    return Row(line, int(class_id), percent)
