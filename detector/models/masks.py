"""A segmentation network's masks as COCO's run-length codes, each computed inside its own box alone."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.data.geometry import Floats, Ints
from detector.data.raster import raster

Single = npt.NDArray[np.float32]


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
    columns = protos.transpose(0, 2, 1).reshape(count, -1)  # a run goes down a column
    logits = (coefficients @ columns).reshape(-1, width, height)
    scale, shift = _to_protos((across, rows), (width, height), window)
    stride = np.array(window.given[::-1]) / (width, height)
    edges = (boxes / np.tile(stride, 2) - 0.5 - np.tile(shift, 2)) / np.tile(scale, 2)
    edges = np.clip(np.ceil(edges), 0, np.tile((across, rows), 2)).astype(np.int64)
    runs = [_runs(_inside(each, box, scale, shift), box, rows, across) for each, box in zip(logits, edges, strict=True)]
    codes = mask.frPyObjects([{"size": [rows, across], "counts": each} for each in runs], rows, across) if runs else []
    return [bytes(code["counts"]) for code in codes]


def _to_protos(size: tuple[int, int], protos: tuple[int, int], window: Window) -> tuple[Floats, Floats]:
    """From a pixel of the raster to a place in the prototypes: multiply by the one, add the other; across and down."""
    picture, given = np.array(window.picture[::-1], float), np.array(window.given[::-1], float)
    stride = np.array(protos) / given
    scale = picture / size * window.gain * stride
    return scale, 0.5 * scale + np.array(window.corner) * stride - 0.5


def _inside(logits: Single, box: Ints, scale: Floats, shift: Floats) -> npt.NDArray[np.bool_]:
    """The mask within its box, (width, height), of logits whose rows are columns, too."""
    import cv2

    left, top, right, bottom = box.tolist()
    if right <= left or bottom <= top:
        return np.zeros((0, 0), bool)
    start = scale * (left, top) + shift
    turn = np.array([[scale[1], 0, start[1]], [0, scale[0], start[0]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(logits, turn, (bottom - top, right - left), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside: npt.NDArray[np.bool_] = drawn > 0
    return inside


def _runs(inside: npt.NDArray[np.bool_], box: Ints, rows: int, across: int) -> list[int]:
    """Lengths of runs down the columns of the whole raster, zeros first."""
    column = np.zeros((inside.shape[0], inside.shape[1] + 2), bool)
    column[:, 1:-1] = inside
    turns, at = np.divmod(np.flatnonzero(np.diff(column.ravel())), column.shape[1])
    places = (box[0] + turns) * rows + box[1] + at
    twice = np.flatnonzero(np.diff(places) == 0)  # a run that goes on at the top of the next column
    places = np.delete(places, np.concatenate([twice, twice + 1]))
    ends = np.concatenate([[0], places, [rows * across]])
    lengths: list[int] = np.diff(ends).tolist()
    return lengths if lengths[-1] else lengths[:-1]
