"""Masks of predictions as polygons, to be drawn."""

from collections.abc import Iterable, Iterator

from detector.data.masks import outline
from detector.data.raster import raster


def outlines(codes: Iterable[tuple[bytes | None, tuple[int, int]]]) -> Iterator[list[float] | None]:
    """The normalised polygon (x0, y0, …) of each mask, by its code and its image's width and height in pixels.

    None for a box, which has no mask, and for a mask of next to nothing.
    """
    from faster_coco_eval import mask

    for code, size in codes:
        if code is None:
            yield None
            continue
        height, width = raster(*size)
        points = outline(mask.decode({"size": [height, width], "counts": code})).points
        yield (points / (width, height)).ravel().tolist() if len(points) >= 3 else None


def corners(x: float, y: float, width: float, height: float) -> list[float]:
    """The outline of a centre box."""
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    return [left, top, right, top, right, bottom, left, bottom]
