"""How a project's tasks stand now: which are annotated, and which have a prediction."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from detector.label_studio.client import Connection
from detector.label_studio.listing import zulu
from detector.label_studio.projects import Project
from detector.label_studio.query import Filter, between, query, where

LISTED = 1_000  # tasks a request, without what is on them
_HOW = {"fields": "task_only", "include": "id,total_annotations,cancelled_annotations", "page_size": LISTED}


class Standing(NamedTuple):
    """What a task has: submitted annotations, and skipped ones."""

    annotations: int
    cancelled: int


class _Task(msgspec.Struct):
    id: int
    total_annotations: int = 0
    cancelled_annotations: int = 0


class _Page(msgspec.Struct):
    tasks: list[_Task]
    total: int


class Tasks:
    """Those of a project, as the server has them now."""

    def __init__(self, connection: Connection, project: Project) -> None:
        self._connection, self._project = connection, project

    def having(self, text: str) -> Collection[int]:
        """Those with a prediction whose `model_version` has `text` in it."""
        return self._listed([where("predictions_model_versions", "contains", "List", [text])]).keys()

    def standing(self, tasks: Sequence[int]) -> dict[int, Standing]:
        """What each of `tasks` has; those that are gone are not in it."""
        known: dict[int, Standing] = {}
        for part in parts(tasks, LISTED):
            known |= self._listed([where("id", "in_list", "Number", part)])
        return known

    def annotated(self, first: int, last: int, since: datetime) -> dict[int, Standing]:
        """Those from the id `first` to the id `last` that were annotated or skipped since: two small questions."""
        late = [between(first, last), where("updated_at", "greater_or_equal", "Datetime", zulu(since))]
        known: dict[int, Standing] = {}
        for column in ("total_annotations", "cancelled_annotations"):
            known |= self._listed([where(column, "greater", "Number", 0), *late])
        return known

    def _listed(self, wanted: list[Filter]) -> dict[int, Standing]:
        """By id, not by page number: what is deleted meanwhile would move the pages."""
        known: dict[int, Standing] = {}
        last = 0
        while True:
            asked = query(self._project, [*wanted, between(last + 1, 2**53)], "tasks:id")
            page = self._connection.read("/api/tasks", _Page, _HOW | asked)
            known |= {task.id: Standing(task.total_annotations, task.cancelled_annotations) for task in page.tasks}
            if page.total <= len(page.tasks) or not page.tasks or page.tasks[-1].id <= last:
                return known
            last = page.tasks[-1].id


def parts(tasks: Sequence[int], size: int) -> Iterator[list[int]]:
    """So many at a time."""
    remaining = iter(tasks)
    while part := [*islice(remaining, size)]:
        yield part
