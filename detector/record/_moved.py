"""A project that was copied, moved, or is mounted elsewhere: MLflow keeps absolute paths, and would use the old ones.

It would write a copy's files into the original, make the old folder of a moved project again, and find no weights any
more. So a SQLite store whose files do not lie beside it is told where they are now, before MLflow opens it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from detector.record._database import WAIT
from detector.system.machine import machine

PLACE = "detector.folder"  # a tag: the machine and folder that a run worked in
_PLACES = (  # table, column
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def artifacts_of(database: Path) -> Path:
    """The folder of the files that a SQLite store keeps, absolute: beside it."""
    return database.absolute().parent / "artifacts"


def place() -> str:
    """The machine and the folder that this process works for."""
    return f"{machine()}:{Path.cwd()}"


def follow(database: Path) -> None:
    """Let the store's paths lead to the files beside it, all of them or none.

    A run of the old folder is one of this folder's from now on.
    """
    now = artifacts_of(database)
    with closing(sqlite3.connect(database, timeout=WAIT)) as store, store:
        for old in set(_left(store, now)):
            for table, column in _there(store):
                for before, after in ((_path(old).as_uri(), now.as_uri()), (str(_path(old)), str(now))):
                    _replace(store, (table, column), before, after)
            worked = _project(_path(old), now)
            store.execute("UPDATE tags SET value = ? WHERE key = ? AND value LIKE '%:' || ?", (place(), PLACE, worked))


def _left(store: sqlite3.Connection, now: Path) -> Iterator[str]:
    """Where experiments keep their files, if that is what lay beside the store before."""
    for (location,) in store.execute("SELECT DISTINCT artifact_location FROM experiments"):
        path = _path(location or "")
        same = path == now or (path.exists() and now.exists() and path.samefile(now))
        if path.name == now.name and not same and (path.parent.name == now.parent.name or not path.exists()):
            yield location


def _path(location: str) -> Path:
    return Path(url2pathname(urlsplit(location).path)) if location.startswith("file:") else Path(location)


def _project(old: Path, now: Path) -> str:
    """The folder that runs worked in when the files lay at `old`."""
    try:
        return str(old).removesuffix(str(now.relative_to(Path.cwd()))).rstrip("/")
    except ValueError:  # a store outside of the project says nothing of it
        return ""


def _there(store: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for table, column in _PLACES:
        if any(row[1] == column for row in store.execute(f"PRAGMA table_info({table})")):
            yield table, column


def _replace(store: sqlite3.Connection, place: tuple[str, str], before: str, after: str) -> None:
    table, column = place
    store.execute(
        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} = ? OR substr({column}, 1, ?) = ?",  # noqa: S608 - names of ours
        (after, len(before) + 1, before, len(before) + 1, f"{before}/"),
    )
