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
_THREE_DIGITS = np.array([list(f"{number:03d}".encode()) for number in range(1000)], np.uint8)


class Text(NamedTuple):
    """All label files' rows in one buffer; row i is content[offsets[i]:offsets[i + 1]], its newline included."""

    content: bytes
    offsets: Ints


def rounded(values: Floats) -> Ints:
    """Coordinates 0..1 as whole millionths, as they are written."""
    return np.rint(np.clip(values, 0.0, 1.0) * UNIT).astype(np.int64)


def text(class_ids: Ints, coordinates: Ints, offsets: Ints) -> Text:
    """The rows of n objects. `coordinates` (m,) in millionths; object i has those from offsets[i] to offsets[i + 1]."""
    counts = np.diff(offsets)
    heads = offsets_of(counts + 1)[:-1]  # each row is a newline with its class, then its numbers
    tokens = np.zeros((len(coordinates) + len(class_ids), _WIDTH), np.uint8)
    is_number = np.ones(len(tokens), bool)
    is_number[heads] = False
    tokens[is_number] = _decimals(coordinates)
    names, codes = np.unique(class_ids, return_inverse=True)
    tokens[heads] = np.array([_head(name) for name in names], np.uint8).reshape(-1, _WIDTH)[codes]
    flat = tokens.ravel()
    content = flat[flat != 0].tobytes()[1:] + b"\n"
    digits = np.array([len(str(name)) for name in names], np.int64)[codes] if len(names) else np.empty(0, np.int64)
    return Text(content if len(class_ids) else b"", offsets_of(digits + 1 + counts * _WIDTH))


def _head(class_id: int) -> list[int]:
    return list(f"\n{class_id}".encode().ljust(_WIDTH, b"\0"))


def _decimals(values: Ints) -> NDArray[np.uint8]:
    """Millionths → " 0.123456", shape (m, 9)."""
    out = np.empty((len(values), _WIDTH), np.uint8)
    whole, part = np.divmod(values, UNIT)
    out[:, 0], out[:, 1], out[:, 2] = ord(" "), whole + ord("0"), ord(".")
    high, low = np.divmod(part, 1000)
    out[:, 3:6], out[:, 6:9] = _THREE_DIGITS[high], _THREE_DIGITS[low]
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
    first = np.zeros(len(image), bool)
    first[np.unique(key, return_index=True)[1]] = True
    return first


def _mix(values: Ints | NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = values.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
