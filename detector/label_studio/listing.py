"""Every task of a project with its annotations, page by page, as the JSON that Label Studio exports.

The server's own export would write a file into the server's data folder each time, answer in one piece, and tell
nothing while it works; the listing is as fast (1.6 ms a task with 13 boxes, as measured with Label Studio 1.23).
"""

import json
from typing import Any

import msgspec

from detector.label_studio.client import Connection, ask
from detector.label_studio.projects import Project
from detector.report import Report

PAGE = 200  # tasks a request: a page with a brush mask on every task is still some tens of megabytes
# The names count on every level: without `result`, annotations come without their regions.
_FIELDS = (
    "id,data,annotations,result,completed_by,was_cancelled,ground_truth,created_at,updated_at,"
    "draft_exists,total_predictions"
)


class _Annotation(msgspec.Struct):
    id: int
    result: msgspec.Raw
    completed_by: int | dict[str, Any] | None = None
    was_cancelled: bool = False
    ground_truth: bool = False
    created_at: str | None = None
    updated_at: str | None = None


class _Task(msgspec.Struct):
    id: int
    data: msgspec.Raw
    annotations: list[_Annotation]
    draft_exists: bool = False
    drafts: list[dict[str, Any]] = []
    total_predictions: int = 0


class _Page(msgspec.Struct):
    total: int  # tasks on this page and after it
    tasks: list[_Task]


def tasks(connection: Connection, project: Project, report: Report) -> bytes:
    """The JSON list of the project's tasks, by id.

    Two things are as in no export: `completed_by` has the annotator's e-mail, and `drafts`, of which the listing says
    only that there are some, holds an empty object.
    """
    emails = _emails(connection)
    page = _after(connection, project, 0)
    blocks: list[bytes] = []
    with report.progress("tasks", page.total) as advance:
        while True:
            blocks += [_exported(task, emails) for task in page.tasks]
            advance(len(page.tasks))
            if page.total <= len(page.tasks):
                return b"[" + b",".join(blocks) + b"]"
            page = _after(connection, project, page.tasks[-1].id)


def _after(connection: Connection, project: Project, last: int) -> _Page:
    """The tasks that follow the task `last`.

    By id, not by page number: a task deleted meanwhile would move the pages, and another would be skipped.
    """
    later = {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": last}
    query = {"filters": {"conjunction": "and", "items": [later]}, "ordering": ["tasks:id"]}
    params = {
        "project": project.id,
        "fields": "all",
        "include": _FIELDS,
        "resolve_uri": "false",  # s3://… stays what it is, and is no address that is signed anew each time
        "page_size": PAGE,
        "query": json.dumps(query),
    }
    return msgspec.json.decode(connection.get("/api/tasks", params), type=_Page)


def _emails(connection: Connection) -> dict[int, str]:
    return ask(connection.url, lambda: {user.id: user.email for user in connection.sdk.users.list()})


def _exported(task: _Task, emails: dict[int, str]) -> bytes:
    task.drafts = [{}] * task.draft_exists
    for annotation in task.annotations:
        who = annotation.completed_by
        if isinstance(who, int) and who in emails:
            annotation.completed_by = {"id": who, "email": emails[who]}
    return msgspec.json.encode(task)
