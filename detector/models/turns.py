"""Where the masks of a segmentation network begin and end, down the columns of pixels.

Logits are interpolated between their places, so from one row of logits to the next the value along a column of pixels
is a straight line. Where it passes 0 the mask begins or ends: no pixel is drawn, and of the cells between four logits
only those are looked at whose corners are not of one sign.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.data.geometry import Ints

Single = npt.NDArray[np.float32]


class Axis(NamedTuple):
    """The pixels of one side of a picture, among the logits: pixel p is at scale * p + shift.

    cell (n,): of each pixel, the logit before it; part (n,): how far it is from that to the next, in 0 … 1.
    """

    cell: Ints
    part: Single
    scale: float
    shift: float


def axis(pixels: int, logits: int, scale: float, shift: float) -> Axis:
    """So many pixels among so many logits, two or more; outside of the first and last one their values go on."""
    place = np.clip(scale * np.arange(pixels) + shift, 0, logits - 1)
    cell = np.minimum(place.astype(np.int64), logits - 2)
    return Axis(cell, (place - cell).astype(np.float32), scale, shift)


def turns(logits: Single, boxes: Ints, across: Axis, down: Axis) -> tuple[Ints, Ints]:
    """The masks' numbers, and the places where each begins and ends within its box; both (K,), in order.

    logits (N, height, width); boxes (N, 4): left, top, right, bottom in pixels. Pixels are counted down the columns.
    """
    rows, whole = len(down.cell), len(down.cell) * len(across.cell)
    masks = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    found = [_inside(logits, boxes, masks, across, down), *_at_edges(logits, boxes, masks, across, down)]
    of, x, y = (np.concatenate(column) for column in zip(*found, strict=True))
    keys = np.sort(of * (whole + 1) + x * rows + y)
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    odd = np.diff(starts, append=len(keys)) % 2 == 1  # what begins and ends at one place does neither
    of, places = np.divmod(keys[starts[odd]], whole + 1)
    return of, places


def _inside(logits: Single, boxes: Ints, masks: Ints, across: Axis, down: Axis) -> tuple[Ints, Ints, Ints]:
    """Turns between two rows of logits: mask, column, and the first row of pixels behind it."""
    _, height, width = logits.shape
    mask, row, cell = _mixed(logits > 0, boxes, masks, across, down)
    cells = (mask * height + row) * width + cell
    first = np.searchsorted(across.cell, np.arange(width))
    of, x = _columns(np.maximum(first[cell], boxes[mask, 0]), np.minimum(first[cell + 1], boxes[mask, 2]))
    part = across.part[x]
    above, below = (_values(logits, cells + step, part, of) for step in (0, width))
    turned = np.flatnonzero((above > 0) != (below > 0))
    high, low, of = above[turned].astype(np.float64), below[turned], of[turned]
    mask, place = mask[of], row[of] + high / (high - low)
    behind = np.ceil((place - down.shift) / down.scale).astype(np.int64)
    return mask, x[turned], np.clip(behind, boxes[mask, 1], boxes[mask, 3])


def _mixed(
    positive: npt.NDArray[np.bool_], boxes: Ints, masks: Ints, across: Axis, down: Axis
) -> tuple[Ints, Ints, Ints]:
    """Cells in the boxes whose corners are not of one sign: mask, row, column."""
    left, right = across.cell[boxes[masks, 0]], across.cell[boxes[masks, 2] - 1] + 2
    top, bottom = down.cell[boxes[masks, 1]], down.cell[boxes[masks, 3] - 1] + 2
    places = zip(*(each.tolist() for each in (masks, top, bottom, left, right)), strict=True)
    found = [_unlike(positive[mask, up:low, start:stop]) for mask, up, low, start, stop in places]
    of = np.repeat(np.arange(len(masks)), [len(cells) for cells in found])
    row, column = np.divmod(np.concatenate([np.empty(0, np.int64), *found]), (right - left)[of])
    inside = np.flatnonzero(column < (right - left - 1)[of])  # from the last one the next row would be reached
    of = of[inside]
    return masks[of], row[inside] + top[of], column[inside] + left[of]


def _unlike(sign: npt.NDArray[np.bool_]) -> Ints:
    """Where a value differs from that at its right, below, or at the right of that; counted through the rows."""
    flat, width = sign.ravel(), sign.shape[1]
    corner = flat[: -width - 1]
    unlike = corner != flat[1:-width]
    unlike |= corner != flat[width:-1]
    unlike |= corner != flat[width + 1 :]
    return np.flatnonzero(unlike)


def _at_edges(logits: Single, boxes: Ints, masks: Ints, across: Axis, down: Axis) -> list[tuple[Ints, Ints, Ints]]:
    """Turns where a mask meets the upper and the lower edge of its box: mask, column, row."""
    _, height, width = logits.shape
    of, x = _columns(boxes[masks, 0], boxes[masks, 2])
    part, cell = across.part[x], across.cell[x]
    found = []
    for edge, row in ((boxes[masks, 1], 0), (boxes[masks, 3], 1)):
        start = (masks * height + down.cell[edge - row] + row) * width
        on = np.flatnonzero(_values(logits, start[of] + cell, part) > 0)
        found.append((masks[of[on]], x[on], edge[of[on]]))
    return found


def _columns(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Every column of each range, and the range that it is of."""
    count = np.maximum(stop - start, 0)
    of = np.repeat(np.arange(len(count)), count)
    return of, np.arange(len(of)) + (start + count - np.cumsum(count))[of]


def _values(logits: Single, cells: Ints, part: Single, of: Ints | None = None) -> Single:
    """Between the first corner of a cell and the one at its right, each for a column of pixels; `of`: its cell."""
    flat = logits.ravel()
    left = flat[cells]
    step = flat[cells + 1] - left
    return left + part * step if of is None else left[of] + part * step[of]
