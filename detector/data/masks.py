"""Brush masks: Label Studio's run-length code to a mask and back, and a mask to one polygon."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.data.geometry import Floats

Mask = NDArray[np.uint8]


_SIZES = (3, 4, 8, 16)  # bits of a run's length, as Label Studio's own encoder has them


class BrokenMask(ValueError):
    """The code does not describe an image of the stated size."""


def decode_rle(code: bytes, width: int, height: int) -> Mask:
    """The mask (height, width), 0 or 1: where the coded RGBA image is not transparent.

    Format (thi.ng/rle-pack, which Label Studio uses): 32 bits number of values, 5 bits word size - 1, four times
    4 bits length size - 1; then runs: 1 bit repeat?, 2 bits which length size, length - 1, and one word if it
    repeats, else that many words. Only the runs that cover an alpha value are ever written out.
    """
    read = _reader(code)
    try:
        count, word = read(0, 32), read(32, 5) + 1
        if count != width * height * 4:
            raise BrokenMask(f"the mask has {count} values, not {width} x {height} x 4")
        sizes = [read(37 + 4 * place, 4) + 1 for place in range(4)]
        mask = np.zeros(width * height, np.uint8)
        for start, end in _opaque(read, count, word, sizes):
            mask[start // 4 : end // 4] = 1  # pixel p's alpha is value 4 p + 3
    except IndexError as error:
        raise BrokenMask("the mask's code ends too early") from error
    return mask.reshape(height, width)


def _reader(code: bytes) -> Callable[[int, int], int]:
    """A function that reads up to 32 bits, most significant first, from any bit on."""
    padded = np.frombuffer(code + bytes(8), np.uint8).astype(np.uint64)
    words = sum(padded[place : len(code) + place] << np.uint64(56 - 8 * place) for place in range(8))
    windows: list[int] = np.asarray(words, np.uint64).tolist()  # 64 bits from each byte on

    def read(at: int, bits: int) -> int:
        return (windows[at >> 3] >> (64 - (at & 7) - bits)) & ((1 << bits) - 1)

    return read


def _opaque(read: Callable[[int, int], int], count: int, word: int, sizes: list[int]) -> Iterator[tuple[int, int]]:
    """The runs of values other than zero, as start and end among the image's values (R, G, B, A, R, …)."""
    at, filled = 53, 0
    while filled < count:
        repeats, size = read(at, 1), sizes[read(at + 1, 2)]
        length = read(at + 3, size) + 1
        at += 3 + size
        if repeats:
            if read(at, word):
                yield filled, filled + length
            at += word
        else:
            yield from ((filled + k, filled + k + 1) for k in range(length) if read(at + word * k, word))
            at += word * length
        filled += length


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


def _join(rings: list[NDArray[np.int32]]) -> Floats:
    """Prim's minimum spanning tree over the rings, walked as one closed path."""
    from scipy.spatial import KDTree

    path, waiting = rings[0].astype(np.float64), list(rings[1:])
    points = np.concatenate(rings)[len(path) :]  # of the waiting rings, one ring behind the other
    distances, places = KDTree(path).query(points)  # of each point: to the path, and the index into it
    while waiting:
        starts = np.cumsum([0, *(len(ring) for ring in waiting)])[:-1]
        at = int(np.minimum.reduceat(distances, starts).argmin())
        ring = waiting.pop(at)
        own = slice(starts[at], starts[at] + len(ring))
        start = int(distances[own].argmin())
        step = int(places[own][start])
        around = np.concatenate([ring[start:], ring[: start + 1]])
        path = np.concatenate([path[: step + 1], around, path[step:]])
        points, distances, places = (np.delete(values, own, axis=0) for values in (points, distances, places))
        distances, places = _nearer((distances, places), points, around, step)
    return path


Nearest = tuple[Floats, NDArray[np.int64]]


def _nearer(known: Nearest, points: NDArray[np.int32], added: NDArray[np.int32], step: int) -> Nearest:
    """How far the points are from the path, and from which place, after `added` was put into it behind `step`."""
    from scipy.spatial import KDTree

    distances, places = known
    places = np.where(places > step, places + len(added) + 1, places)
    closer, at = KDTree(added).query(points)
    better = closer < distances
    return np.where(better, closer, distances), np.where(better, at + step + 1, places)
