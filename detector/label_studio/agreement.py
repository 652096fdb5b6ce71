"""What several people who annotated one task make of the same objects, two of them at a time.

Two shapes are the same object when their upright boxes overlap by IoU 0.5 at least; those with the same label are
matched first, the ones that overlap most before others.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from detector.data.geometry import Floats
from detector.label_studio.consensus import SAME, box_of
from detector.label_studio.structs import SHAPES, Annotation, Region, Task

Row = tuple[int, str, str, str, str | None, str | None, float | None]  # of detector.data.annotations.AGREEMENT


class _Drawn(NamedTuple):
    """The shapes of one person on one image: their type, label, and upright box (N x 4, shares of the image)."""

    types: list[str]
    labels: list[str]
    boxes: Floats


def compare(task: Task) -> Iterator[Row]:
    """A row for each object of each two people who submitted an annotation of the task."""
    people = sorted(_latest(task.annotations).items())
    for (one, first), (other, second) in combinations(people, 2):
        places = sorted({_place(region) for region in (*first.result, *second.result) if region.type in SHAPES})
        for place in places:
            for row in _compared(_drawn(first, place), _drawn(second, place)):
                yield (task.id, one, other, *row)


def _latest(annotations: Sequence[Annotation]) -> dict[str, Annotation]:
    """The last annotation that each person submitted."""
    submitted = [each for each in annotations if not each.was_cancelled and each.annotator]
    return {str(each.annotator): each for each in sorted(submitted, key=lambda each: each.updated_at or "")}


def _place(region: Region) -> tuple[str, int]:
    """Which image of the task a shape is on."""
    return region.to_name, region.item_index or 0


def _drawn(annotation: Annotation, place: tuple[str, int]) -> _Drawn:
    shapes = [region for region in annotation.result if region.type in SHAPES and _place(region) == place]
    labels = [", ".join(sorted(region.labels() or ())) for region in shapes]
    boxes = np.array([box_of(region) for region in shapes], float).reshape(-1, 4)
    return _Drawn([SHAPES[region.type] for region in shapes], labels, boxes)


def _compared(one: _Drawn, other: _Drawn) -> Iterator[tuple[str, str | None, str | None, float | None]]:
    """Type, the label by each of the two, and the IoU; without label and IoU what one of them did not draw."""
    matches = _matches(one, other)
    for first, (second, iou) in matches.items():
        yield one.types[first], one.labels[first], other.labels[second], iou
    for first in set(range(len(one.labels))) - matches.keys():
        yield one.types[first], one.labels[first], None, None
    for second in set(range(len(other.labels))) - {second for second, _ in matches.values()}:
        yield other.types[second], None, other.labels[second], None


def _matches(one: _Drawn, other: _Drawn) -> dict[int, tuple[int, float]]:
    """Each shape of the one that the other drew, too: which of theirs it is, and the IoU."""
    overlaps = ious(one.boxes, other.boxes)
    pairs = [(int(first), int(second)) for first, second in np.argwhere(overlaps >= SAME)]
    pairs.sort(key=lambda pair: (one.labels[pair[0]] != other.labels[pair[1]], -overlaps[pair]))
    matches: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for first, second in pairs:
        if first not in matches and second not in taken:
            matches[first] = second, float(overlaps[first, second])
            taken.add(second)
    return matches


def ious(one: Floats, other: Floats) -> Any:
    """IoU of each of N upright boxes (left, top, right, bottom) with each of M others: N x M."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    first, second = (np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1) for boxes in (one, other))
    union = first[:, None] + second[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
