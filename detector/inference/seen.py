"""What a model sees on a frame, object by object."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from detector.inference.pictures import Frame, Unread
from detector.inference.predictors import Sees
from detector.measure.outlines import corners
from detector.models.predict import Objects

BATCH = 8  # frames


class Object(NamedTuple):
    """One object: its box as centre x, centre y, width, height, and its outline x0, y0, x1 …, in parts of the picture.

    `polygon` is None for a model without masks.
    """

    class_id: int
    score: float
    box: tuple[float, float, float, float]
    polygon: list[float] | None

    @property
    def outline(self) -> list[float]:
        """The polygon, or the corners of the box."""
        return self.polygon or corners(*self.box)


class Seen(NamedTuple):
    """A frame and the objects on it, best score first."""

    frame: Frame
    objects: list[Object]


def seen(frames: Iterable[Frame | Unread], predictor: Sees) -> Iterator[Seen | Unread]:
    """What the model sees on each frame, in their order."""
    remaining = iter(frames)
    while batch := [*islice(remaining, BATCH)]:
        objects = predictor([each.pixels for each in batch if isinstance(each, Frame)])
        for each in batch:
            yield Seen(each, objects_of(next(objects))) if isinstance(each, Frame) else each


def objects_of(objects: Objects) -> list[Object]:
    """Each of them by itself."""
    polygons: list[Any] = objects.polygons or [None] * len(objects.scores)
    columns = objects.class_ids.tolist(), objects.scores.tolist(), objects.boxes.tolist(), polygons
    return [
        Object(class_id, score, tuple(box), None if polygon is None else _points(polygon, box))
        for class_id, score, box, polygon in zip(*columns, strict=True)
    ]


def _points(polygon: Any, box: list[float]) -> list[float]:
    """A mask of less than a pixel has no outline; its box has."""
    points: list[float] = polygon.ravel().tolist()
    return points if len(points) >= 6 else corners(*box)
