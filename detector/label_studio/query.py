"""Small questions about a project's tasks: how many there are, and what tells whether one of them changed.

They are asked by runs that have nothing to do, too, so nothing heavy is imported here.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from detector.label_studio.client import Connection
from detector.label_studio.projects import Project

STAMP = "id,updated_at,total_annotations"

Filter = Mapping[str, Any]


class Stamp(msgspec.Struct):
    """What tells whether a task changed."""

    id: int
    updated_at: str
    total_annotations: int = 0


class Stamps(msgspec.Struct):
    """A page of them; the totals count this page and what follows it."""

    total: int
    total_annotations: int
    tasks: list[Stamp]


class Look(msgspec.Struct, frozen=True):
    """What one small request tells of all tasks. A change of any task or annotation changes it, with few exceptions."""

    newest: str
    tasks: int
    annotations: int

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


def look(connection: Connection, project: Project) -> Look:
    """The newest `updated_at` among the project's tasks, and how many tasks and annotations there are."""
    page = stamp_page(connection, project, [], {"page_size": 1}, "-tasks:updated_at")
    return Look(page.tasks[0].updated_at if page.tasks else "", page.total, page.total_annotations)


def count(connection: Connection, project: Project, first: int, last: int) -> tuple[int, int]:
    """How many tasks, and annotations, there are from the id `first` to the id `last`."""
    page = stamp_page(connection, project, [between(first, last)], {"page_size": 1})
    return page.total, page.total_annotations


def stamp_page(
    connection: Connection, project: Project, wanted: list[Filter], page: dict[str, Any], order: str = "tasks:id"
) -> Stamps:
    how = {"fields": "task_only", "include": STAMP} | page
    return connection.read("/api/tasks", Stamps, how | query(project, wanted, order))


def query(project: Project, wanted: list[Filter], order: str) -> dict[str, Any]:
    filters = {"conjunction": "and", "items": wanted}
    return {"project": project.id, "query": json.dumps({"filters": filters, "ordering": [order]})}


def where(column: str, operator: str, kind: str, value: object) -> Filter:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def between(first: int, last: int) -> Filter:
    return where("id", "in", "Number", {"min": first, "max": last})
