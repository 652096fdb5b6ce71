"""Objects → the text of YOLO label files, all rows at once.

Format: https://docs.ultralytics.com/datasets/detect and …/segment: `class x y w h`, or `class x0 y0 x1 y1 …`, all but
the class between 0 and 1. Six decimals: a ten-thousandth of a pixel on a picture of 100 pixels, a tenth on the largest
that exist.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.geometry import Bools, Floats, Ints, Outlines, offsets_of, outlines

UNIT = 1_000_000  # six decimals
_WIDTH = 9  # " 0.123456"
_NOTHING = b"\0"  # fills a token up, and is no part of the text


class Text(NamedTuple):
    """All label files' rows in one buffer; row i is content[offsets[i]:offsets[i + 1]], its newline included."""

    content: bytes
    offsets: Ints


def rounded(values: Floats) -> Ints:
    """Coordinates 0..1 as whole millionths, as they are written."""
    return np.rint(np.clip(values, 0.0, 1.0) * UNIT).astype(np.int64)


def text(class_ids: Ints, coordinates: Ints, offsets: Ints) -> Text:
    """The rows of n objects. `coordinates` (m,) in millionths; object i has those from offsets[i] to offsets[i + 1]."""
    if not len(class_ids):
        return Text(b"", np.zeros(1, np.int64))
    counts = np.diff(offsets)
    heads = offsets_of(counts + 1)[:-1]  # each row is a newline with its class, then its numbers
    is_number = np.ones(len(coordinates) + len(class_ids), bool)
    is_number[heads] = False
    values = np.zeros(len(is_number), np.uint32)
    values[is_number] = coordinates
    tokens = _decimals(values)
    names = [str(class_id).encode() for class_id in range(class_ids.max() + 1)]
    tokens[heads] = np.array([list(b"\n" + name.ljust(_WIDTH - 1, _NOTHING)) for name in names], np.uint8)[class_ids]
    tokens[0, 0] = ord(_NOTHING)  # no row ends before the first
    content = tokens.tobytes().replace(_NOTHING, b"") + b"\n"
    digits = np.array([len(name) for name in names])[class_ids]
    return Text(content, offsets_of(digits + 1 + counts * _WIDTH))


def _decimals(values: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Millionths → " 0.123456", shape (m, 9)."""
    out = np.empty((len(values), _WIDTH), np.uint8)
    out[:, 0], out[:, 2] = ord(" "), ord(".")
    for place in (8, 7, 6, 5, 4, 3, 1):
        tenth = values // np.uint32(10)
        out[:, place] = values - tenth * np.uint32(10) + ord("0")
        values = tenth
    return out


def numbers(boxes: Floats, shapes: Outlines | None) -> tuple[Ints, Ints]:
    """What each row holds: its outline, or its centre box (n, 4); as millionths (m,) and offsets (n + 1,)."""
    if shapes is not None:
        return rounded(shapes.points.ravel()), shapes.offsets * 2
    return rounded(boxes.ravel()), outlines(boxes.reshape(-1, 2, 2)).offsets * 2


def first_of_each(image: Ints, class_ids: Ints, coordinates: Ints, offsets: Ints) -> Bools:
    """False for a row that stands on the same image already: same class, same numbers. Shape (n,).

    Rows are compared by a 64-bit hash of their numbers and places (splitmix64's finaliser).
    """
    if not len(image):
        return np.empty(0, bool)
    place = np.arange(len(coordinates)) - np.repeat(offsets[:-1], np.diff(offsets))
    key = np.add.reduceat(_mix(coordinates + (place << 24)), offsets[:-1])
    key = _mix(key ^ _mix(image.astype(np.int64) << 20 | class_ids))
    ordered = np.sort(key)
    if (ordered[1:] != ordered[:-1]).all():
        return np.ones(len(image), bool)
    first = np.zeros(len(image), bool)
    first[np.unique(key, return_index=True)[1]] = True
    return first


def _mix(values: Ints | NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = values.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
