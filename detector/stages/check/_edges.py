"""Where a picture is steep: a map that other colours hardly change, and that is turned and cut as the picture is."""

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3): blue, green, red
Map = NDArray[np.float32]  # (side, side)


def small(path: Path, shortest: int, enough: int) -> Picture | None:
    """The picture in a file, with a shorter side of `enough` pixels or more; None where it can't be read.

    `shortest` is its own shorter side in pixels: a larger JPEG is decoded at 1/2, 1/4 or 1/8, which is quicker.
    """
    import cv2

    reduced = ((cv2.IMREAD_REDUCED_COLOR_8, 8), (cv2.IMREAD_REDUCED_COLOR_4, 4), (cv2.IMREAD_REDUCED_COLOR_2, 2))
    flag = next((flag for flag, factor in reduced if shortest >= enough * factor), cv2.IMREAD_COLOR)
    return cast(Picture | None, cv2.imread(str(path), flag))


def edges(picture: Picture, side: int) -> Map:
    """The square root of the slope at each place of the picture, over all of its channels, made a square."""
    import cv2

    square = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    framed = np.pad(square, ((1, 1), (1, 1), (0, 0)), "edge")
    across, down = framed[1:-1, 2:] - framed[1:-1, :-2], framed[2:, 1:-1] - framed[:-2, 1:-1]
    steep: Map = ((across**2 + down**2).sum(axis=2) ** 0.25).astype(np.float32)
    return steep
