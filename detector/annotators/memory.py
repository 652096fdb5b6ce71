"""Which likely mistakes were shown, and which somebody has looked at since: those are not shown again.

runs/results/<name>/review.json
    {"schema": 1,
     "tasks": {"17": {"annotations": "5f1e0c7a9b3d",     the task's annotations when a mistake was shown last
                      "shown": [{"box": [0.5, 0.5, 0.1, 0.2],   centre and size, normalised
                                 "dataset": "b3a7f86867bd",     the version that it was shown in
                                 "looked": true}]}}}            the annotations were submitted or changed since

A model that comes later may doubt the same place again: a mistake is known by its box, not by its kind.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from detector.data.places import RESULTS
from detector.label_studio.consensus import overlap as overlap_of_sides
from detector.system.files import write_whole

SAME = 0.5  # overlap of two boxes from which they are of one mistake
Box = tuple[float, float, float, float]  # centre and size, normalised


class Shown(msgspec.Struct):
    """One mistake; see the top of the file."""

    box: Box
    dataset: str
    looked: bool = False


class Known(msgspec.Struct):
    """What is known of one task."""

    annotations: str
    shown: list[Shown]


class _Kept(msgspec.Struct):
    tasks: dict[str, Known]
    schema: int = 1


class Memory:
    """What was shown of the pipeline `name`, beside the annotations as they are `now`: task → a digest of them."""

    def __init__(self, name: str, now: Mapping[int, str], dataset: str) -> None:
        self._file, self._now, self._dataset = RESULTS / name / "review.json", now, dataset
        self._tasks = _read(self._file)
        for task, known in self._tasks.items():
            if now.get(int(task), known.annotations) != known.annotations:
                for each in known.shown:
                    each.looked = True

    def is_done(self, task: int, box: Box) -> bool:
        """Whether somebody looked at this mistake; or at the task, since the data that the model learned."""
        known = self._tasks.get(str(task))
        looked = [each for each in known.shown if each.looked] if known else []
        return any(each.dataset == self._dataset or overlap(each.box, box) >= SAME for each in looked)

    def remember(self, mistakes: Iterable[tuple[int, Box]]) -> None:
        """These are shown now."""
        for task, box in mistakes:
            known = self._tasks.setdefault(str(task), Known("", []))
            known.annotations = self._now.get(task, "")
            if not any(overlap(each.box, box) >= SAME for each in known.shown):
                known.shown.append(Shown(box, self._dataset))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, msgspec.json.format(msgspec.json.encode(_Kept(self._tasks)), indent=1))


def _read(file: Path) -> dict[str, Known]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept).tasks
    except (OSError, msgspec.MsgspecError):
        return {}


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    return overlap_of_sides(_sides(one), _sides(other))


def _sides(box: Box) -> Box:
    """Left, top, right, bottom."""
    x, y, width, height = box
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2
