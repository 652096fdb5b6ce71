"""Where an export can be cut between two tasks, without parsing it first, or holding all of it in memory."""

import os
import re
from collections.abc import Sequence
from itertools import pairwise

SIZE = 1 << 19  # bytes of a piece: what is decoded from it stays in the processor's cache until it is columns
_WINDOW = 1 << 14  # bytes in which the end of a task is looked for
_OVERLAP = 1 << 8  # bytes: more than ever stand between two tasks
_BETWEEN = re.compile(rb'\}\s*(,)\s*\{\s*"id"\s*:\s*\d+\s*,\s*"annotations"\s*:')


def pieces(file: int) -> list[slice]:
    """Pieces of an open JSON list of tasks, each some tasks with commas between them; none of what is no list.

    They are a guess by what stands between tasks as Label Studio writes them, and decoding proves it: if each piece
    in brackets is a JSON list, no cut fell within a task or a string.
    """
    size = os.fstat(file).st_size
    head, tail = os.pread(file, _WINDOW, 0), os.pread(file, _WINDOW, max(0, size - _WINDOW))
    if not head.lstrip().startswith(b"[") or not tail.rstrip().endswith(b"]"):
        return []
    start, end = head.find(b"["), size - len(tail) + tail.rfind(b"]")
    cuts = [start]
    while comma := _next(file, cuts[-1] + SIZE, end):
        cuts.append(comma)
    return [slice(before + 1, after) for before, after in pairwise([*cuts, end])]


def _next(file: int, at: int, end: int) -> int | None:
    """Where the first comma between two tasks stands, from `at` on."""
    while at < end:
        if boundary := _BETWEEN.search(os.pread(file, _WINDOW, at)):
            return at + boundary.start(1)
        at += _WINDOW - _OVERLAP
    return None


def as_list(file: int, piece: slice, memory: memoryview) -> memoryview:
    """A piece as a JSON list, read into `memory`: in brackets, where the file has a bracket or a comma."""
    content = memory[: piece.stop - piece.start + 2]
    os.preadv(file, [content], piece.start - 1)
    content[0], content[-1] = b"[]"
    return content


def room(cut: Sequence[slice]) -> memoryview:
    """Memory for any of the pieces: one that comes anew with each costs more than the reading."""
    return memoryview(bytearray(max(piece.stop - piece.start for piece in cut) + 2))
