"""Where an export can be cut between two tasks, without parsing it first."""

import re
from itertools import pairwise

SIZE = 1 << 20  # bytes of a piece: what is decoded from it stays in the processor's cache until it is columns
_BETWEEN = re.compile(rb'\}\s*(,)\s*\{\s*"id"\s*:\s*\d+\s*,\s*"annotations"\s*:')


def pieces(exported: bytes) -> list[slice]:
    """Pieces of a JSON list of tasks, each some tasks with commas between them; none of what is no list.

    They are a guess by what stands between tasks as Label Studio writes them, and decoding proves it: if each piece
    in brackets is a JSON list, no cut fell within a task or a string.
    """
    start, end = exported.find(b"["), exported.rfind(b"]")
    if start < 0 or exported[:start].strip() or exported[end + 1 :].strip():
        return []
    cuts = [start]
    while found := _BETWEEN.search(exported, cuts[-1] + SIZE):
        cuts.append(found.start(1))
    return [slice(before + 1, after) for before, after in pairwise([*cuts, end])]
