"""Projects on a Label Studio server: found by id or title, and whether anything in them changed."""

import hashlib
import json
from dataclasses import dataclass

import msgspec

from detector.errors import UsageError
from detector.label_studio.client import Connection, ask

_SHOWN = 20  # titles in an error, the newest projects first


@dataclass(frozen=True)
class Project:
    """A project: its number, its title, and its labelling configuration as XML."""

    id: int
    title: str
    config: str


def find_project(connection: Connection, wanted: int | str) -> Project:
    """The project with this number, or this exact title; a string of digits is a number.

    Raises UsageError, with the titles that there are, when there is none or more than one.
    """
    if isinstance(wanted, int) or wanted.isdigit():
        return _by_id(connection, int(wanted))
    titles = _titles(connection)
    found = [number for number, title in titles.items() if title == wanted]
    if len(found) > 1:
        numbers = ", ".join(str(number) for number in sorted(found))
        raise UsageError(f"{len(found)} Label Studio projects have the title “{wanted}”; name one by its id: {numbers}")
    if not found:
        raise UsageError(f"Label Studio has no project with the title “{wanted}”; {_there_are(titles)}")
    return _by_id(connection, found[0])


def looks_like(connection: Connection, project: Project) -> str:
    """A text that changes whenever a task or an annotation of the project is added, edited or deleted.

    One request, for one task: whatever was added or edited has the newest `updated_at`, and what was deleted is
    missing from the counts. Drafts are not seen; they change no data set.
    """
    newest = {"page_size": 1, "query": json.dumps({"ordering": ["-tasks:updated_at"]})}
    fields = {"fields": "task_only", "include": "id,updated_at"}
    body = connection.get("/api/tasks", {"project": project.id} | newest | fields)
    return json.dumps([connection.url, project.id, _digest(project.config), msgspec.json.decode(body)])


def _by_id(connection: Connection, number: int) -> Project:
    from label_studio_sdk.core.api_error import ApiError

    def question() -> Project | None:
        try:
            found = connection.sdk.projects.get(number)
        except ApiError as error:
            if error.status_code == 404:
                return None
            raise
        return Project(found.id, found.title or "", found.label_config or "")

    project = ask(connection.url, question)
    if project is None:
        raise UsageError(f"Label Studio has no project with the id {number}; {_there_are(_titles(connection))}")
    return project


def _titles(connection: Connection) -> dict[int, str]:
    def question() -> dict[int, str]:
        listed = connection.sdk.projects.list(include="id,title", page_size=1000)
        return {project.id: project.title or "" for project in listed}

    return ask(connection.url, question)


def _there_are(titles: dict[int, str]) -> str:
    if not titles:
        return "the token's owner sees no projects at all"
    shown = ", ".join(f"“{title}” ({number})" for number, title in sorted(titles.items(), reverse=True)[:_SHOWN])
    more = f" and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
    return f"there are: {shown}{more}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
