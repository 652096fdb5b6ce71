"""Lines for a terminal of any width: they break between words, and go on under the column that they began in."""

import os
import re
import unicodedata
from collections.abc import Iterator
from typing import TextIO

_NARROWEST = 40  # columns; below, lines are as they are
_COLUMN = re.compile(r"\s+|\S.*?\s{2,}")  # what stands before the text of a line: blanks, or a title and blanks
_WORD = re.compile(  # `(0.2 s)`, `(tasks 112, 163)` and `(0.2 s:` are one each
    r"(?<![^ ])(\([^()]{1,18}\)(?![^ ])|\(?[\d.]{1,6} (?:s|min|h|%)[:,;]?(?![^ ])|[^ ]*)(?: |$)"
)


def width_of(stream: TextIO) -> int | None:
    """The columns of the terminal that the stream writes to; None where there is none, or it is too narrow."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return None
    return columns if columns >= _NARROWEST else None


def wrapped(text: str, width: int | None) -> str:
    """The text with each line broken to `width` columns; None leaves it as it is. A long word stays whole."""
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _broken(line, width))


def _broken(line: str, width: int) -> Iterator[str]:
    if cells(line) <= width:
        yield line
        return
    column = _COLUMN.match(line)
    begin = column.end() if column and cells(column[0]) <= width // 2 else 0
    current, indent = line[:begin], " " * cells(line[:begin])
    empty = True
    for word in _WORD.findall(line[begin:]):
        if not empty and cells(current) + 1 + cells(word) > width:
            yield current.rstrip()
            current, empty = indent, True
        current, empty = f"{current}{'' if empty else ' '}{word}", False
    yield current


def cells(text: str) -> int:
    """How many columns a text takes: a Chinese or Japanese letter takes two, and an accent none."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(letter) for letter in text)


def _cells_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def coloured(stream: TextIO) -> bool:
    """Whether colours are wanted there: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")
