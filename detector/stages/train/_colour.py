"""How much the colours of pictures differ from picture to picture."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

LOOKED_AT = 32  # pictures, at most
FEWEST = 10  # that tell anything


class Colours(NamedTuple):
    """The standard deviation, over pictures, of the logarithm of a picture's mean brightness, and of its saturation."""

    brightness: float
    saturation: float


def colours_of(pictures: Sequence[Path]) -> Colours | None:
    """Of some dozens of the pictures, at an eighth of their sides; None where there are too few."""
    some = pictures[:: -(-len(pictures) // LOOKED_AT) or 1]
    with ThreadPoolExecutor() as threads:
        means = [mean for mean in threads.map(_mean, some) if mean is not None]
    if len(means) < FEWEST:
        return None
    saturation, brightness = np.log(np.array(means) + 1).std(axis=0).tolist()
    return Colours(brightness, saturation)


def _mean(picture: Path) -> list[float] | None:
    """Saturation and brightness, 0 to 255; None where OpenCV can't read it."""
    import cv2

    pixels = cv2.imread(str(picture), cv2.IMREAD_REDUCED_COLOR_8)
    if pixels is None:
        return None
    return [float(channel.mean()) for channel in cv2.split(cv2.cvtColor(pixels, cv2.COLOR_BGR2HSV))[1:]]
