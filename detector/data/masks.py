"""Brush masks: Label Studio's run-length code to a mask and back, and a mask to one polygon."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.data.geometry import Floats, Ints

Mask = NDArray[np.uint8]

_SIZES = (3, 4, 8, 16)  # bits of a run's length, as Label Studio's own encoder has them
_ONE_TREE, _ALL_LEAVES = 4, -1  # of FLANN: a k-d tree, searched until nothing nearer can be
_FIRST = 53  # bit of the first run: behind the header


class BrokenMask(ValueError):
    """The code does not describe an image of the stated size."""


def decode_rle(code: bytes, width: int, height: int) -> Mask:
    """The mask (height, width), 0 or 1: where the coded RGBA image is not transparent.

    Format (thi.ng/rle-pack, which Label Studio uses): 32 bits number of values, 5 bits word size - 1, four times
    4 bits length size - 1; then runs: 1 bit repeat?, 2 bits which length size, length - 1, and one word if it
    repeats, else that many words. Only the runs that cover an alpha value are ever written out.
    """
    rows, top = _painted(code, width, height)
    mask = np.zeros((height, width), np.uint8)
    mask[top : top + len(rows)] = rows
    return mask


def _painted(code: bytes, width: int, height: int) -> tuple[Mask, int]:
    """The rows (n, width) of the mask from the first to the last that is not empty, and the number of the first."""
    starts, ends = _opaque(code, width, height)
    if not starts.size:
        return np.zeros((0, width), np.uint8), 0
    top, bottom = int(starts[0]) // width, -(-int(ends[-1]) // width)
    mask = np.zeros((bottom - top) * width, np.uint8)
    for start, end in zip((starts - top * width).tolist(), (ends - top * width).tolist(), strict=True):
        mask[start:end] = 1
    return mask.reshape(-1, width), top


def _opaque(code: bytes, width: int, height: int) -> tuple[Ints, Ints]:
    """Start and end of the pixels whose alpha is not 0; pixel p's is value 4 p + 3."""
    if len(code) * 8 < _FIRST:
        raise BrokenMask("the mask's code ends too early")
    header = int.from_bytes(code[:7], "big") >> 3
    count, word = header >> 21, (header >> 16 & 31) + 1
    sizes = [(header >> place & 15) + 1 for place in (12, 8, 4, 0)]
    if count != width * height * 4:
        raise BrokenMask(f"the mask has {count} values, not {width} x {height} x 4")
    at, repeats, size = _runs_of(code, sizes, word)
    lengths, words = _bits(code, at + 3, size) + 1, at + 3 + size
    if not repeats.all():  # each word of a run that does not repeat is a run of its own
        times = np.where(repeats, 1, lengths)
        within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        words = np.repeat(words, times) + word * within
        lengths = np.repeat(np.where(repeats, lengths, 1), times)
    ends = np.cumsum(lengths)
    if not ends.size or ends[-1] < count:
        raise BrokenMask("the mask's code ends too early")
    opaque = _bits(code, words, word) != 0
    starts, ends = (ends - lengths)[opaque] // 4, np.minimum(ends[opaque] // 4, width * height)
    some = ends > starts
    return starts[some], ends[some]


def _runs_of(code: bytes, sizes: list[int], word: int) -> tuple[Ints, NDArray[np.bool_], Ints]:
    """Of each run that ends before the code does: its first bit, whether it repeats, and the bits of its length."""
    bits = np.unpackbits(np.frombuffer(code + b"\0", np.uint8))
    kinds = bits[:-2] << 2 | bits[1:-1] << 1 | bits[2:]  # of a run that starts at this bit: repeats, size of its length
    kind_at, steps = kinds.tobytes(), [0, 0, 0, 0, *(3 + size + word for size in sizes)]
    at, end, starts = _FIRST, len(code) * 8, []
    while at < end:
        starts.append(at)
        kind = kind_at[at]
        at += steps[kind] or 3 + sizes[kind] + word * (int(_bits(code, np.array([at + 3]), sizes[kind])[0]) + 1)
    runs = np.array(starts if at == end else starts[:-1], np.int64)
    return runs, kinds[runs] >= 4, np.array(sizes)[kinds[runs] & 3]


def _bits(code: bytes, at: Ints, width: Ints | int) -> Ints:
    """Numbers of up to 32 bits each, most significant first, that start at these bits."""
    windows: Ints = np.ndarray((len(code) + 1,), ">i8", code + bytes(8), strides=(1,))  # 64 bits from each byte on
    numbers: Ints = windows[at >> 3].astype(np.int64) >> (64 - (at & 7) - width) & ((1 << width) - 1)
    return numbers


def encode_rle(mask: Mask) -> bytes:
    """The code of a mask (height, width), opaque where it is not 0; `decode_rle` says what the format is."""
    opaque = np.asarray(mask, bool).ravel()
    ends = np.append(np.flatnonzero(np.diff(opaque)) + 1, opaque.size)
    lengths = 4 * np.diff(ends, prepend=0)  # values: four for each pixel
    bits = [f"{4 * opaque.size:032b}{7:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    for end, length in zip(ends.tolist(), lengths.tolist(), strict=True):
        bits += _runs(length, 255 if opaque[end - 1] else 0)
    text = "".join(bits)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def _runs(length: int, value: int) -> Iterator[str]:
    """So many times the same value, in runs of which each has room for its length."""
    while length > 0:
        part = min(length, 1 << _SIZES[-1])
        which = next(at for at, size in enumerate(_SIZES) if part <= 1 << size)
        yield f"1{which:02b}{part - 1:0{_SIZES[which]}b}{value:08b}"
        length -= part


class MaskOutline(NamedTuple):
    """A mask as one polygon: points (k, 2) in pixels; k is 0 for an empty mask. `joined`: parts or holes were."""

    points: Floats
    joined: bool


def outline(mask: Mask) -> MaskOutline:
    """One polygon whose rasterisation (OpenCV's fillPoly, as Ultralytics trains with) is the mask again.

    Points are the centres of the boundary's pixels. A YOLO row has room for one polygon only, so parts and holes are
    joined by bridges of no width, each to the nearest point of what is joined already. A bridge through a hole's rim
    changes nothing; one between two parts is drawn as a line of a pixel.
    """
    import cv2

    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return MaskOutline(np.empty((0, 2)), False)
    rings = [contour.reshape(-1, 2) for contour in contours]
    return MaskOutline(_join(rings) + 0.5, len(rings) > 1)


def outline_of(code: bytes, width: int, height: int) -> MaskOutline:
    """The outline of the mask of a code. Raises BrokenMask."""
    rows, top = _painted(code, width, height)  # far fewer pixels than the whole, as a rule
    points, joined = outline(rows)
    return MaskOutline(points + np.array((0, top)), joined)


def _join(rings: list[NDArray[np.int32]]) -> Floats:
    """Prim's minimum spanning tree over the rings, walked as one closed path."""
    path, waiting = rings[0].astype(np.float64), list(rings[1:])
    if not waiting:
        return path
    points = np.concatenate(rings)[len(path) :]  # of the waiting rings, one ring behind the other
    distances, places = _nearest(points, path)
    while waiting:
        starts = np.cumsum([0, *(len(ring) for ring in waiting)])[:-1]
        at = int(np.minimum.reduceat(distances, starts).argmin())
        ring = waiting.pop(at)
        own = slice(starts[at], starts[at] + len(ring))
        start = int(distances[own].argmin())
        step = int(places[own][start])
        around = np.concatenate([ring[start:], ring[: start + 1]])
        path = np.concatenate([path[: step + 1], around, path[step:]])
        others = np.ones(len(points), bool)
        others[own] = False
        points = points[others]
        distances, places = _nearer((distances[others], places[others]), points, around, step)
    return path


Nearest = tuple[NDArray[np.float32], NDArray[np.int64]]


def _nearest(points: NDArray[np.int32], path: NDArray[Any]) -> Nearest:
    """Of each point: the square of its distance to the path, and the index of what is nearest there."""
    import cv2

    if not len(points):
        return np.empty(0, np.float32), np.empty(0, np.int64)
    tree = cv2.flann.Index(path.astype(np.float32), {"algorithm": _ONE_TREE, "leaf_max_size": 10})
    places, distances = tree.knnSearch(points.astype(np.float32), 1, params={"checks": _ALL_LEAVES})
    return distances[:, 0], places[:, 0].astype(np.int64)


def _nearer(known: Nearest, points: NDArray[np.int32], added: NDArray[np.int32], step: int) -> Nearest:
    """How far the points are from the path, and from which place, after `added` was put into it behind `step`."""
    distances, places = known
    places = np.where(places > step, places + len(added) + 1, places)
    closer, at = _nearest(points, added)
    better = closer < distances
    return np.where(better, closer, distances), np.where(better, at + step + 1, places)
