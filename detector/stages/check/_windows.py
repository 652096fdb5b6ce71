"""What a picture shows in 55 windows, in numbers that are the same however the picture is flipped or turned.

A window is a part of the picture of 70 to 100 % of each side. Of the map of its edges, the lowest frequencies (DCT) are
kept. Flips and quarter turns change their signs, and swap u with v; so from each pair (u, v), (v, u) two numbers are
made that stay. They never differ by more than the frequencies do in the best of the eight positions.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.data.geometry import Ints
from detector.stages.check._embeddings import MAP

SIDE = 16  # pixels of a window
HIGHEST = 8  # u + v of the highest frequency that is kept
SIZES = (1.0, 0.925, 0.85, 0.775, 0.7)  # sides of the windows, as a share of the picture's
HALF = np.float32(0.5**0.5)

Maps = NDArray[np.uint8]  # (n, 32, 32)
Floats32 = NDArray[np.float32]


class Window(NamedTuple):
    """Its side as a share of the picture's, and its top and left end: of two strips along an axis."""

    size: float
    top: int
    left: int


@cache
def strips() -> list[tuple[float, float]]:
    """The parts of one axis that windows are made of: start and length."""
    starts = {size: np.linspace(0, 1 - size, place + 1) for place, size in enumerate(SIZES)}
    return [(float(start), size) for size, each in starts.items() for start in each]


@cache
def layout() -> list[Window]:
    """All windows; the whole picture is the first."""
    numbered = list(enumerate(strips()))
    return [Window(size, top, left) for top, (_, size) in numbered for left, (_, other) in numbered if other == size]


@cache
def shrinking() -> Floats32:
    """For each strip, the means of its pixels: (strips, SIDE, MAP)."""
    ends = np.array([[start + length * place / SIDE for place in range(SIDE + 1)] for start, length in strips()]) * MAP
    pixel = np.arange(MAP)
    share = np.minimum(ends[:, 1:, None], pixel + 1) - np.maximum(ends[:, :-1, None], pixel)
    covered = np.maximum(share, 0)
    return np.asarray(covered / covered.sum(axis=2, keepdims=True), np.float32)


@cache
def _frequencies() -> Floats32:
    """For each strip, its lowest frequencies: (strips x (HIGHEST + 1), MAP)."""
    from scipy.fft import dct

    lowest = dct(np.eye(SIDE), axis=0, norm="ortho")[: HIGHEST + 1].astype(np.float32)
    return np.asarray((lowest @ shrinking()).reshape(-1, MAP), np.float32)


@cache
def _places(strips_of_size: int) -> tuple[list[tuple[Ints, Ints]], list[Ints]]:
    """Where the windows' frequencies lie, by what turning does to them: pairs (even, odd, mixed), alone (even, odd)."""
    deep, first = HIGHEST + 1, np.arange(strips_of_size) * (HIGHEST + 1)
    wide = strips_of_size * deep
    corner = (first[:, None] + first * wide).reshape(-1, 1)  # windows from the top, and then from the left
    found = [(v, u) for v in range(deep) for u in range(v, deep) if 0 < u + v <= HIGHEST]
    pairs: list[list[tuple[int, int]]] = [[], [], []]
    alone: list[list[int]] = [[], []]
    for v, u in found:
        if u == v:
            alone[v % 2].append(v * wide + v)
        else:
            pairs[2 if (u + v) % 2 else v % 2].append((v * wide + u, u * wide + v))
    return [
        (corner + np.array(one), corner + np.array(other)) for one, other in (zip(*kind, strict=True) for kind in pairs)
    ], [corner + np.array(each) for each in alone]


def described(maps: Maps, whole: bool = False) -> Floats32:
    """All windows of each picture, or the whole of it alone: (n, windows, d), each of unit length."""
    matrix, deep = _frequencies(), HIGHEST + 1
    counts = [1] if whole else list(range(1, len(SIZES) + 1))  # as many strips as there are larger sizes, and one
    across = (maps.reshape(-1, MAP).astype(np.float32) @ matrix[: sum(counts) * deep].T).reshape(len(maps), MAP, -1)
    parts, start = [], 0
    for count in counts:
        own = slice(start * deep, (start + count) * deep)
        both = np.asarray(across[:, :, own].transpose(0, 2, 1).reshape(-1, MAP) @ matrix[own].T, np.float32)
        parts.append(_unturned(both.reshape(len(maps), -1), count))
        start += count
    together: Floats32 = np.concatenate(parts, axis=1)
    together /= np.maximum(np.linalg.norm(together, axis=2, keepdims=True), np.float32(1e-9))
    return together


def _unturned(flat: Floats32, count: int) -> Floats32:
    """Of the frequencies of windows of one size, what stays however the picture is turned: (n, windows, d)."""
    pairs, alone = _places(count)
    (even, odd, mixed) = ((flat[:, one], flat[:, other]) for one, other in pairs)
    parts = [
        (even[0] + even[1]) * HALF, np.abs(even[0] - even[1]) * HALF,
        np.abs(odd[0] + odd[1]) * HALF, np.abs(odd[0] - odd[1]) * HALF,
        np.maximum(np.abs(mixed[0]), np.abs(mixed[1])), np.minimum(np.abs(mixed[0]), np.abs(mixed[1])),
        flat[:, alone[0]], np.abs(flat[:, alone[1]]),
    ]  # fmt: skip
    return np.concatenate(parts, axis=2)
