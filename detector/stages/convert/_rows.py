"""Objects → the text of YOLO label files, all rows at once.

Format: https://docs.ultralytics.com/datasets/detect and …/segment: `class x y w h`, or `class x0 y0 x1 y1 …`, all but
the class between 0 and 1. Six decimals: a ten-thousandth of a pixel on a picture of 100 pixels, a tenth on the largest
that exist.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.data.geometry import Bools, Floats, Ints, Outlines, offsets_of, outlines

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
    names = [str(class_id).encode() for class_id in range(class_ids.max() + 1)]
    digits, counts = np.array(list(map(len, names)))[class_ids], np.diff(offsets)
    heads = np.array([list(name.ljust(_WIDTH - 1, _NOTHING)) for name in names], np.uint8)[class_ids]
    values = coordinates.astype(np.uint32)
    if (digits == digits[0]).all() and (counts == counts[0]).all():
        content = _even(heads[:, : digits[0]], values.reshape(len(class_ids), -1))
    else:
        content = _ragged(heads, values, counts)
    return Text(content, offsets_of(digits + counts * _WIDTH + 1))


def _even(heads: NDArray[np.uint8], values: NDArray[np.uint32]) -> bytes:
    """Rows that are all of one length: classes (n, d) as text, millionths (n, k)."""
    rows = np.empty((len(heads), heads.shape[1] + _WIDTH * values.shape[1] + 1), np.uint8)
    rows[:, : heads.shape[1]], rows[:, -1] = heads, ord("\n")
    _decimals(values, rows[:, heads.shape[1] : -1].reshape(*values.shape, _WIDTH))
    return rows.tobytes()


def _ragged(heads: NDArray[np.uint8], values: NDArray[np.uint32], counts: Ints) -> bytes:
    """Rows of any length: each is a newline with its class, then as many millionths as `counts` says."""
    starts = offsets_of(counts + 1)[:-1]
    is_number = np.ones(len(values) + len(heads), bool)
    is_number[starts] = False
    every = np.zeros(len(is_number), np.uint32)
    every[is_number] = values
    tokens = np.empty((len(every), _WIDTH), np.uint8)
    _decimals(every, tokens)
    tokens[starts, 0], tokens[starts, 1:] = ord("\n"), heads
    tokens[0, 0] = ord(_NOTHING)  # no row ends before the first
    return tokens.tobytes().replace(_NOTHING, b"") + b"\n"


def _decimals(values: NDArray[np.uint32], out: NDArray[np.uint8]) -> None:
    """Millionths of any shape → " 0.123456" in `out`, which has one axis of 9 more."""
    out[..., 0], out[..., 2] = ord(" "), ord(".")
    for place in (8, 7, 6, 5, 4, 3, 1):
        tenth = values // np.uint32(10)
        out[..., place] = values - tenth * np.uint32(10) + ord("0")
        values = tenth


def numbers(boxes: Floats, shapes: Outlines | None) -> tuple[Ints, Ints]:
    """What each row holds: its outline, or its centre box (n, 4); as millionths (m,) and offsets (n + 1,)."""
    if shapes is not None:
        return rounded(shapes.points.ravel()), shapes.offsets * 2
    return rounded(boxes.ravel()), outlines(boxes.reshape(-1, 2, 2)).offsets * 2


def first_of_each(image: Ints, class_ids: Ints, coordinates: Ints, offsets: Ints) -> Bools:
    """False for a row that stands on the same image already: same class, same numbers. Shape (n,)."""
    first, seen = np.ones(len(image), bool), set()
    for row in _alike(image * (UNIT + 1) + coordinates[offsets[:-1]]):
        key = image[row], class_ids[row], coordinates[offsets[row] : offsets[row + 1]].tobytes()
        first[row] = key not in seen
        seen.add(key)
    return first


def _alike(keys: Ints) -> list[int]:
    """The rows whose key is that of another row, too: seldom any, for an image and the first number on it."""
    ordered = np.sort(keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    alike: list[int] = np.flatnonzero(np.isin(keys, twice)).tolist() if len(twice) else []
    return alike
