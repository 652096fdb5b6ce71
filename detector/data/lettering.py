"""Where names stand on a picture: beside their shapes, and none on another. One without room is left out."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Corners = npt.NDArray[np.float64]  # (…, 4): left, top, right, bottom


class Name(NamedTuple):
    """What a shape takes on the picture, left, top, right and bottom, and how wide and high its name is: pixels."""

    shape: tuple[float, float, float, float]
    width: float
    height: float


def places(names: Sequence[Name], picture: tuple[float, float]) -> list[tuple[float, float] | None]:
    """The upper left corner of each name, on a picture of this width and height; the first ones choose first.

    None for a name that would lie on another wherever it stood, or not on the picture.
    """
    taken = np.empty((0, 4))
    chosen: list[tuple[float, float] | None] = []
    for name in names:
        corners = np.array([_at(name, place, picture) for place in _beside(name)])
        free = corners[_inside(corners, picture) & ~_overlap(corners, taken)]
        chosen.append((float(free[0, 0]), float(free[0, 1])) if len(free) else None)
        taken = np.vstack([taken, free[:1]])
    return chosen


def _beside(name: Name) -> Iterator[tuple[float, float]]:
    """Upper left corners that a name may have, the best first: above, below, inside, at a side."""
    (left, top, right, bottom), width, height = name
    yield from ((left, top - height), (right - width, top - height), (left, bottom), (right - width, bottom))
    yield from ((left, top), (right - width, bottom - height), (right, top), (left - width, top))


def _at(name: Name, place: tuple[float, float], picture: tuple[float, float]) -> tuple[float, float, float, float]:
    """The corners of the name there, moved sideways onto the picture."""
    left = max(min(place[0], picture[0] - name.width), 0)
    return left, place[1], left + name.width, place[1] + name.height


def _inside(corners: Corners, picture: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return np.asarray((corners[:, 1] >= 0) & (corners[:, 3] <= picture[1]))


def _overlap(corners: Corners, taken: Corners) -> npt.NDArray[np.bool_]:
    """Whether each of the corners, shape (places, 4), lies on one that is taken, shape (names, 4)."""
    ours, theirs = corners[:, None], taken[None]
    apart = (ours[..., :2] >= theirs[..., 2:]) | (ours[..., 2:] <= theirs[..., :2])
    return np.asarray(np.any(~np.any(apart, axis=-1), axis=-1))
