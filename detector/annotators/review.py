"""Likely label mistakes in the data of a run, the likeliest first, for people to look at."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from detector.annotators.calibration import calibrated, uncalibrated
from detector.annotators.memory import Box, Memory
from detector.annotators.project import Opened
from detector.annotators.suspicions import Suspicion, suspicions
from detector.annotators.viewed import Reviewed
from detector.data.dataset import Dataset
from detector.measure.matches import scenes
from detector.measure.shapes import kind_of
from detector.measure.split import Part

WORTH = 0.3  # how likely a mistake must be to be shown


class Mistake(NamedTuple):
    """A likely one, and all that there is to say of it; `box`: centre and size, normalised."""

    task: int
    image: int  # row in the version's images
    file: str
    split: str
    link: str | None
    kind: str
    likely: float
    label: str | None
    seen: str | None
    score: float | None
    region: str | None
    box: Box

    def told(self) -> dict[str, Any]:
        """As `--json` has it."""
        named = {name: value for name, value in self._asdict().items() if name != "image"}
        return named | {"likely": round(self.likely, 4), "box": [round(side, 5) for side in self.box]}


class Review(NamedTuple):
    """The mistakes that are to be shown, how many were looked at before, and how many objects there are."""

    mistakes: list[Mistake]
    looked_at: int
    objects: int


def review(of: Reviewed, parts: Mapping[str, Part], memory: Memory, limit: int) -> Review:
    """All that is likely enough, but what somebody has looked at."""
    chance = calibrated(of.evaluation) or uncalibrated
    kind = kind_of(of.dataset.conversion["task"])
    every = [
        _mistake(each, part, of.dataset)
        for part in parts.values()
        for each in suspicions(part.compared, scenes(part.compared, kind), chance)
        if each.strength >= WORTH
    ]
    every.sort(key=lambda each: (-each.likely, each.task))
    waiting = [each for each in every if not memory.is_done(each.task, each.box)]
    objects = sum(len(part.compared.truth) for part in parts.values())
    return Review(waiting[:limit], len(every) - len(waiting), objects)


def _mistake(of: Suspicion, part: Part, dataset: Dataset) -> Mistake:
    label = part.objects.slice(of.object, 1).to_pylist()[0] if of.object >= 0 else None
    seen = part.seen.slice(of.prediction, 1).to_pylist()[0] if of.prediction >= 0 else None
    place = label or seen or {}
    image = part.images.slice(place["image"], 1).to_pylist()[0]
    return Mistake(
        image["task_id"],
        int(part.rows[place["image"]]),
        image["file"],
        image["split"],
        image["link"],
        of.kind,
        of.strength,
        dataset.classes[label["class_id"]] if label else None,
        dataset.classes[seen["class_id"]] if seen else None,
        round(seen["score"], 4) if seen else None,
        label["region_id"] if label else None,
        (place["x"], place["y"], place["width"], place["height"]),
    )


def annotations_now(opened: Opened | None, dataset: Dataset) -> dict[int, str]:
    """A digest of each task's annotations: on the server, of who wrote what and when; else of what the version has."""
    if opened is None:
        return dict(_drawn(dataset.instances))
    return {task.id: _digest(b" ".join(map(bytes, task.annotations))) for task in opened.tasks()}


def _drawn(instances: pa.Table) -> Iterator[tuple[int, str]]:
    """Of each task, what is drawn on it."""
    rows: dict[int, list[str]] = {}
    columns = ("task_id", "class_id", "x", "y", "width", "height")
    for task, *shape in zip(*(instances[name].to_pylist() for name in columns), strict=True):
        rows.setdefault(task, []).append(str(shape))
    return ((task, _digest("".join(sorted(shapes)).encode())) for task, shapes in rows.items())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def worst_by_image(mistakes: Sequence[Mistake]) -> dict[int, list[Mistake]]:
    """By row of the version's images, in the order of the worst on each."""
    images: dict[int, list[Mistake]] = {}
    for each in mistakes:
        images.setdefault(each.image, []).append(each)
    return images
