"""Projects on a Label Studio server, found by id or by title; and where what is known of one is kept."""

import hashlib
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import msgspec

from detector.errors import UsageError
from detector.label_studio.client import Connection

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
    ids = [number for number, title in titles.items() if title == wanted]
    if len(ids) > 1:
        numbers = ", ".join(str(number) for number in sorted(ids))
        raise UsageError(f"{len(ids)} Label Studio projects have the title “{wanted}”; name one by its id: {numbers}")
    if not ids:
        raise UsageError(f"Label Studio has no project with the title “{wanted}”; {_there_are(titles)}")
    return _by_id(connection, ids[0])


class _Project(msgspec.Struct):
    id: int
    title: str | None = None
    label_config: str | None = None


class _Projects(msgspec.Struct):
    results: list[_Project]
    next: str | None = None


def _by_id(connection: Connection, number: int) -> Project:
    project = connection.get(f"/api/projects/{number}/", _Project)
    if project is None:
        raise UsageError(f"Label Studio has no project with the id {number}; {_there_are(_titles(connection))}")
    return Project(project.id, project.title or "", project.label_config or "")


def _titles(connection: Connection) -> dict[int, str]:
    titles: dict[int, str] = {}
    for page in count(1):
        params = {"include": "id,title", "page_size": 1000, "page": page}
        listed = connection.read("/api/projects/", _Projects, params)
        titles |= {project.id: project.title or "" for project in listed.results}
        if listed.next is None:
            break
    return titles


def _there_are(titles: dict[int, str]) -> str:
    if not titles:
        return "the token's owner sees no projects at all"
    shown = ", ".join(f"“{title}” ({number})" for number, title in sorted(titles.items(), reverse=True)[:_SHOWN])
    more = f" and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
    return f"there are: {shown}{more}"


def file_of(datasets: Path, connection: Connection, project: Project, ending: str) -> Path:
    """Where something of the project is kept."""
    return datasets / "pulled" / f"server-{digest(f'{connection.url} {project.id}')}.{ending}"


def digest(text: str) -> str:
    """12 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
