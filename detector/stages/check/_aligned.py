"""Whether a picture really is a copy of another: both are laid over each other, and compared piece by piece."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.stages.check._candidates import TURNS, Candidates, turned
from detector.stages.check._edges import Map, Picture, edges, small
from detector.stages.check._windows import Maps, layout, strips
from detector.system.cores import cores

SIDE = 96  # pixels
PIECE = 8  # pixels a side
ROUGHLY = 0.3  # what two maps of 32 x 32 agree by at least
AGREED = 0.15  # of two pictures of 96 x 96; measured: 98 % of copies 0.23 and more, others 0.11 and less
FAINT = 0.1  # of what is in a piece in the mean: one with less is not compared
WHOLE = 0.95  # share of the source's area from which a copy is not called cropped
COLOUR = 10  # levels of 256: what colours differ by in the mean, when they were changed

Warp = NDArray[np.float32]  # (2, 3): from the copy's pixels to the source's


class Copy(NamedTuple):
    """Rows of a copy and its source, and how it was changed: `flipped, cropped`, or nothing that has a name."""

    copy: int
    source: int
    kind: str


class Files(NamedTuple):
    """Where pictures lie, and the shorter side of each in pixels."""

    paths: Sequence[Path]
    shortest: Sequence[int]


def copies(files: Files, maps: Maps, found: Candidates) -> list[Copy]:
    """Those of the candidates that are copies."""

    def look(copy: int, source: int, window: int, turn: int) -> Copy | None:
        rough = _laid(
            maps[source].astype(np.float32), _turned(maps[copy].astype(np.float32), turn), _start(window), ROUGHLY
        )
        if rough is None:
            return None
        pictures = [small(files.paths[row], files.shortest[row], SIDE) for row in (source, copy)]
        kind = _compared(pictures[0], pictures[1], turn, rough)
        return None if kind is None else Copy(copy, source, kind)

    with ThreadPoolExecutor(cores()) as pool:  # OpenCV works outside Python's lock
        return [each for each in pool.map(look, *(column.tolist() for column in found)) if each]


def _compared(source: Picture | None, copy: Picture | None, turn: int, start: Warp) -> str | None:
    """How the copy was changed; None where it is none."""
    if source is None or copy is None:
        return None
    warp = _laid(edges(source, SIDE), _turned(edges(copy, SIDE), turn), start, AGREED)
    if warp is None:
        return None
    return _kind(turn, abs(float(np.linalg.det(warp[:, :2]))), _difference(source, copy, turn, _in_pixels(warp, SIDE)))


def _turned(each: NDArray[np.generic], turn: int) -> Map:
    return np.ascontiguousarray(turned(each, turn), np.float32)


def _start(window: int) -> Warp:
    """The window as a warp, in shares of the sides."""
    size, top, left = layout()[window]
    return np.array([[size, 0, strips()[left][0]], [0, size, strips()[top][0]]], np.float32)


def _in_pixels(warp: Warp, side: int) -> Warp:
    """A warp of shares as one of pixels, whose centres are at halves."""
    moved = warp[:, 2] * side + (warp[:, :2].sum(axis=1) - 1) / 2
    return np.column_stack([warp[:, :2], moved]).astype(np.float32)


def _in_shares(warp: Warp, side: int) -> Warp:
    moved = (warp[:, 2] - (warp[:, :2].sum(axis=1) - 1) / 2) / side
    return np.column_stack([warp[:, :2], moved]).astype(np.float32)


def _laid(source: Map, copy: Map, start: Warp, enough: float) -> Warp | None:
    """The warp, in shares, that lays the copy best over its source (ECC, Evangelidis 2008); None if they disagree."""
    import cv2

    side, stop = len(copy), (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
    try:
        warp = cv2.findTransformECC(copy, source, _in_pixels(start, side), cv2.MOTION_AFFINE, stop, None, 3)[1]
    except cv2.error:  # they have nothing in common
        return None
    return _in_shares(warp, side) if _agreement(_under(source, warp), copy) >= enough else None


def _under(source: Map, warp: Warp) -> Map:
    """The part of the source that the copy lies on."""
    import cv2

    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    side = source.shape[:2][::-1]
    return np.asarray(cv2.warpAffine(source, warp, side, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _agreement(one: Map, other: Map) -> float:
    """The lower quartile of the correlations of all pieces that are not blank in both: a copy agrees everywhere."""
    ones, others = (
        each.reshape(len(each) // PIECE, PIECE, -1, PIECE).swapaxes(1, 2).reshape(-1, PIECE * PIECE)
        for each in (one, other)
    )
    ones, others = ones - ones.mean(axis=1, keepdims=True), others - others.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(ones, axis=1), np.linalg.norm(others, axis=1)
    alike = (ones * others).sum(axis=1) / np.maximum(lengths[0] * lengths[1], 1e-9)
    compared = np.maximum(*(length / max(float(length.mean()), 1e-9) for length in lengths)) > FAINT
    return float(np.quantile(alike[compared], 0.25)) if compared.any() else 0.0


def _difference(source: Picture, copy: Picture, turn: int, warp: Warp) -> float:
    """What their colours differ by in the mean, in levels."""
    import cv2

    squares = [cv2.resize(each, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for each in (source, copy)]
    channels = _turned(squares[1].transpose(2, 0, 1), turn).transpose(1, 2, 0)
    return float(np.abs(_under(squares[0].astype(np.float32), warp) - channels).mean())


def _kind(turn: int, area: float, difference: float) -> str:
    flip, quarters = TURNS[turn]
    named = {
        "flipped": flip,
        "turned": quarters % 2 == 0 if flip else quarters > 0,
        "cropped": area < WHOLE,
        "colours changed": difference > COLOUR,
    }
    return ", ".join(name for name, so in named.items() if so)
