"""Pairs of pictures of which one may be a changed copy of the other: flipped, turned, cropped, in other colours."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.data.geometry import Floats, Ints
from detector.stages.check._cells import index_of
from detector.stages.check._windows import SIDE, Floats32, Maps, described, layout, shrinking

FAR = 0.16  # cosine distance of a window and its copy; measured: 99 % of copies of blood cells and parts are under 0.11
LIKE = 0.45  # correlation of a window and its copy, of 16 x 16 edges
CELLS = 6  # that a search looks into
FOUND = 6  # pictures for each copy, nearest first, that are compared in each position
MOST = 2  # of them that are aligned
BLOCK = 256  # pictures at once
GATHERED = 32 * BLOCK  # pictures, after which only the nearest are kept
TURNS = tuple((flip, quarters) for flip in (False, True) for quarters in range(4))


class Candidates(NamedTuple):
    """Rows of copies and their sources, the source's window, and how the copy is turned (row of TURNS); (m,) each."""

    copies: Ints
    sources: Ints
    windows: Ints
    turns: Ints


def turned(maps: NDArray[np.generic], turn: int) -> NDArray[np.generic]:
    """Maps (…, side, side), transposed or not, and then turned by quarters against the clock."""
    flip, quarters = TURNS[turn]
    return np.rot90(maps.swapaxes(-1, -2) if flip else maps, quarters, (-2, -1))


def candidates(maps: Maps, groups: Ints) -> Candidates:
    """What may be a copy, of pictures that are not in one group already."""
    found = _by_windows(maps, groups) if len(maps) else np.empty((0, 3), np.int64)
    blocks = [_by_position(maps, found[at : at + BLOCK]) for at in range(0, len(found), BLOCK)]
    best = _nearest(np.concatenate([np.empty((0, 5)), *blocks]), MOST)
    best = best[np.argsort(best[:, 4], kind="stable")]
    once = np.unique(np.sort(best[:, :2], axis=1), axis=0, return_index=True)[1]  # not both ways
    return Candidates(*best[once, :4].astype(np.int64).T)


def _by_windows(maps: Maps, groups: Ints) -> Ints:
    """Rows (m, 3): a picture, another that has a window like it, and that window; at most FOUND for each picture."""
    whole = np.concatenate([described(maps[at : at + BLOCK], whole=True)[:, 0] for at in range(0, len(maps), BLOCK)])
    index: Any = index_of(whole, CELLS)
    known: Floats = np.empty((0, 4))
    limits = np.full(len(maps), 2 * FAR)  # of each picture: how near the next one must be
    for start in range(0, len(maps), GATHERED):
        blocks = [
            _asked(index, maps, groups, at, limits) for at in range(start, min(start + GATHERED, len(maps)), BLOCK)
        ]
        known = _nearest(np.concatenate([known, *blocks]), FOUND)
        full = known[FOUND - 1 :][known[FOUND - 1 :, 0] == known[: len(known) - FOUND + 1, 0]]
        limits[full[:, 0].astype(np.int64)] = full[:, 3]
    return known[:, :3].astype(np.int64)


def _asked(index: Any, maps: Maps, groups: Ints, start: int, limits: Floats) -> Floats:
    """Rows (m, 4): a picture that is like a window of another of this block, the other, its window, their distance."""
    asked = described(maps[start : start + BLOCK])
    distances, found = index.search(asked.reshape(-1, asked.shape[2]), 2)
    rows, windows = np.indices(asked.shape[:2]).reshape(2, -1, 1).repeat(2, axis=2)
    near = (distances < limits[found]) & (groups[found] != groups[start + rows]) & (found >= 0)
    return np.stack([found[near], start + rows[near], windows[near], distances[near]], axis=1)


def _nearest(table: Floats, most: int) -> Floats:
    """Rows with the least in their last column: each pair of the first two once, and `most` for each of the first."""
    table = table[np.argsort(table[:, -1], kind="stable")]
    span = table[:, 1].max(initial=0) + 1
    table = table[np.unique(table[:, 0] * span + table[:, 1], return_index=True)[1]]
    table = table[np.lexsort((table[:, -1], table[:, 0]))]
    rank = np.arange(len(table)) - np.searchsorted(table[:, 0], table[:, 0])
    return table[rank < most]


def _by_position(maps: Maps, found: Ints) -> Floats:
    """Those whose edges agree in one of the eight positions, (m, 5): with the position, and minus their agreement."""
    copies, sources, windows = found.T
    top, left = np.array([(window.top, window.left) for window in layout()])[windows].T
    shrink = shrinking()
    parts = shrink[top] @ maps[sources].astype(np.float32) @ shrink[left].transpose(0, 2, 1)
    wholes = maps[copies].astype(np.float32).reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))
    alike = np.stack([_correlation(parts, turned(wholes, turn)) for turn in range(len(TURNS))], axis=1)
    best = np.column_stack([found, alike.argmax(axis=1), -alike.max(axis=1)])
    return best[best[:, 4] <= -LIKE]


def _correlation(ones: Floats32, others: NDArray[np.generic]) -> Floats32:
    """Of each map with the other, (n,)."""
    flat = [each.reshape(len(each), -1) for each in (ones, others)]
    one, other = (each - each.mean(axis=1, keepdims=True) for each in flat)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / np.maximum(lengths, 1e-9), np.float32)
