"""COCO's masks: polygons of several parts, and run-length codes. Format: pycocotools' maskApi.c."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from detector.data.masks import Mask


def mask_of_parts(parts: Sequence[Sequence[float]], width: int, height: int) -> Mask:
    """The parts of one object, each x0 y0 x1 y1 … in pixels, filled."""
    import cv2

    mask = np.zeros((height, width), np.uint8)
    for part in parts:  # one at a time: together, what two of them cover would be a hole
        points = np.round(np.array(part, np.float64).reshape(-1, 2) - 0.5)  # pixel 0 reaches from 0 to 1
        cv2.fillPoly(mask, [np.clip(points, -(2**15), 2**15).astype(np.int32)], 1)
    return mask


def mask_of_rle(code: Any, width: int, height: int) -> Mask | None:
    """The mask of {"size": [height, width], "counts": …}; None where it is none, or another size's."""
    try:
        counts = code["counts"]
        runs = _runs(counts.encode()) if isinstance(counts, str) else [int(count) for count in counts]
        if [int(side) for side in code["size"]] != [height, width]:
            return None
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None
    if min(runs, default=0) < 0 or sum(runs) != width * height:
        return None
    values = np.arange(len(runs), dtype=np.uint8) % 2  # the first run is of zeros
    return np.repeat(values, runs).reshape(width, height).T.copy()  # column by column


def _runs(text: bytes) -> list[int]:
    """Lengths from COCO's compressed text: 5 bits a character, low first; from the fourth on, less the one two ago."""
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = character - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            value -= (1 << shift) if bits & 0x10 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs
