"""A segmentation network's masks as COCO's run-length codes, each computed inside its own box alone.

A mask is where its logits, interpolated between their places, are above 0.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from detector.data.geometry import Floats, Ints
from detector.data.raster import raster
from detector.models.turns import Single, axis, turns


class Window(NamedTuple):
    """Where a picture lies in what the network is given.

    picture, given: (height, width) in pixels; gain: pixels given for one of the picture, across and down; corner: where
    the picture's top left corner is, across and down.
    """

    picture: tuple[int, int]
    given: tuple[int, int]
    gain: tuple[float, float]
    corner: tuple[float, float]


def encoded(protos: Single, coefficients: Single, boxes: Floats, window: Window) -> list[bytes]:
    """The code of each mask, at the size that masks are compared at (see `raster`).

    protos (k, h, w) and coefficients (N, k): what the network gives; boxes (N, 4): left, top, right, bottom in what it
    is given.
    """
    from faster_coco_eval import mask

    count, height, width = protos.shape
    rows, across = raster(window.picture[1], window.picture[0])
    logits = (coefficients @ protos.reshape(count, -1)).reshape(-1, height, width)
    scale, shift = _to_protos((across, rows), (width, height), window)
    stride = np.array(window.given[::-1]) / (width, height)
    edges = (boxes / np.tile(stride, 2) - 0.5 - np.tile(shift, 2)) / np.tile(scale, 2)
    pixels: Ints = np.clip(np.ceil(edges), 0, np.tile((across, rows), 2)).astype(np.int64)
    axes = [axis(*side) for side in zip((across, rows), (width, height), scale, shift, strict=True)]
    ends = turns(logits, pixels, *axes)
    counts = [{"size": [rows, across], "counts": each} for each in _runs(*ends, len(boxes), rows * across)]
    return [bytes(code["counts"]) for code in mask.frPyObjects(counts, rows, across)] if counts else []


def _to_protos(size: tuple[int, int], protos: tuple[int, int], window: Window) -> tuple[Floats, Floats]:
    """From a pixel of the raster to a place in the prototypes: multiply by the one, add the other; across and down."""
    picture, given = np.array(window.picture[::-1], float), np.array(window.given[::-1], float)
    stride = np.array(protos) / given
    scale = picture / size * window.gain * stride
    return scale, 0.5 * scale + np.array(window.corner) * stride - 0.5


def _runs(of: Ints, places: Ints, masks: int, pixels: int) -> Iterator[list[int]]:
    """Of each mask the lengths of its runs, zeros first, from the places where it begins and ends."""
    counts = np.bincount(of, minlength=masks)
    starts = np.cumsum(counts + 2) - counts - 2
    ends = np.zeros(len(places) + 2 * masks, np.int64)
    ends[np.arange(len(places)) + 2 * of + 1] = places
    ends[starts + counts + 1] = pixels
    lengths: list[int] = np.diff(ends).tolist()
    for start, stop in zip(starts.tolist(), (starts + counts).tolist(), strict=True):
        yield lengths[start : stop + 1] if lengths[stop] else lengths[start:stop]
