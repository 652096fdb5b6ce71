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
    """Outside of the first and last logit their values go on."""
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
    cells = _mixed(logits > 0, boxes, masks, across, down)
    line, cell = np.divmod(cells, width)
    mask, row = np.divmod(line, height)
    first = np.searchsorted(across.cell, np.arange(width))
    of, x = _columns(np.maximum(first[cell], boxes[mask, 0]), np.minimum(first[cell + 1], boxes[mask, 2]))
    part = across.part[x]
    above, below = (_values(logits, cells + step, part, of) for step in (0, width))
    turned = np.flatnonzero((above > 0) != (below > 0))
    high, low, of = above[turned].astype(np.float64), below[turned], of[turned]
    mask, place = mask[of], row[of] + high / (high - low)
    behind = np.ceil((place - down.shift) / down.scale).astype(np.int64)
    return mask, x[turned], np.clip(behind, boxes[mask, 1], boxes[mask, 3])


def _mixed(positive: npt.NDArray[np.bool_], boxes: Ints, masks: Ints, across: Axis, down: Axis) -> Ints:
    """Cells in the boxes whose corners are not of one sign, by the number of their first corner."""
    _, height, width = positive.shape
    low, high = boxes[masks, :2], boxes[masks, 2:] - 1
    cells = np.column_stack(
        [masks, across.cell[low[:, 0]], down.cell[low[:, 1]], across.cell[high[:, 0]], down.cell[high[:, 1]]]
    )
    found = [np.empty(0, np.int64)]
    for mask, left, top, right, bottom in cells.tolist():
        across_box = right - left + 2
        sign = positive[mask, top : bottom + 2, left : right + 2].ravel()
        corner, others = sign[: -across_box - 1], (sign[1:-across_box], sign[across_box:-1], sign[across_box + 1 :])
        rows, columns = np.divmod(np.flatnonzero(np.logical_or.reduce([corner != each for each in others])), across_box)
        within = columns <= right - left
        found.append(((mask * height + top + rows) * width + left + columns)[within])
    return np.concatenate(found)


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
