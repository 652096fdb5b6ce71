"""From a picture to what a network takes: fitted into its sides and padded with grey, RGB in 0 … 1."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from detector.data.colour import Pixels, in_colour
from detector.engines.network import Floats
from detector.errors import DetectorError
from detector.models.masks import Window

GREY = 114
UNIT = np.float32(1 / 255)
Size = tuple[int, int]  # height, width


def read(image: Path) -> Pixels:
    """A picture, upright. Raises DetectorError for a file that is none."""
    pixels = in_colour(image.read_bytes())
    if pixels is None:
        raise DetectorError(f"{image} can't be read as a picture; leave it out, or save it anew as JPEG or PNG")
    return pixels


def letterboxed(pixels: Pixels, size: Size) -> tuple[Pixels, Window]:
    """The picture in the middle of `size`, as large as fits; where it is there, as Ultralytics' LetterBox has it."""
    height, width = pixels.shape[:2]
    gain = min(size[0] / height, size[1] / width)
    inner = round(width * gain), round(height * gain)
    across, down = (size[1] - inner[0]) / 2, (size[0] - inner[1]) / 2
    if inner != (width, height):
        pixels = np.asarray(cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR), np.uint8)
    left, top = round(across - 0.1), round(down - 0.1)
    right, bottom = size[1] - inner[0] - left, size[0] - inner[1] - top
    padded = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(GREY,) * 3)
    window = Window((height, width), size, (inner[0] / width, inner[1] / height), (left, top))
    return np.asarray(padded, np.uint8), window


def prepared(pictures: Sequence[Pixels], size: Size) -> tuple[Floats, list[Window]]:
    """A batch of pictures: (B, 3, height, width), and where each is in it."""
    batch, windows = np.empty((len(pictures), 3, *size), np.float32), []
    for planes, pixels in zip(batch, pictures, strict=True):
        fitted, window = letterboxed(pixels, size)
        for plane, channel in zip(planes[::-1], cv2.split(fitted), strict=True):  # a quarter of blobFromImages' time
            np.multiply(channel, UNIT, out=plane)
        windows.append(window)
    return batch, windows
