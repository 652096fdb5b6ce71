"""A database that mongod can't read any more: it is set aside, and one that is empty takes its place.

FOLDER/db                              the database
FOLDER/db/detector.id                  tells it from one that was made before or after it
FOLDER/db.damaged-20261126T184402Z/    one that was set aside, with the log that says why as mongod.log
"""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from detector.data.places import FIFTYONE_MADE

_OF_THE_MACHINE = (  # what is wrong with it is not in the database
    "No space left", "Permission denied", "Operation not permitted", "Read-only file system", "Too many open files",
    "Cannot allocate memory", "Disk quota exceeded",
)  # fmt: skip


def identify(folder: Path) -> None:
    """Give the database an identity of its own, if it has none or mongod is about to make it."""
    database = folder / "db"
    database.mkdir(exist_ok=True)
    identity = database / FIFTYONE_MADE.name
    if not (identity.exists() and (database / "WiredTiger").exists()):
        identity.write_text(f"{secrets.token_hex(8)}\n")


def damaged(folder: Path) -> bool:
    """Whether the last mongod died of what it read: its log has a fatal error, and not one of the machine."""
    errors = list(_errors(folder / "mongod.log"))
    of_the_machine = any(words in line for _, line in errors for words in _OF_THE_MACHINE)
    return any(severity == "F" for severity, _ in errors) and not of_the_machine


def _errors(log: Path) -> Iterator[tuple[str, str]]:
    """The severity, E or F for what is fatal, and the line of each error."""
    for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
        try:
            severity = json.loads(line).get("s")
        except ValueError:  # cut short as it died
            continue
        if severity in {"E", "F"}:
            yield severity, line


def set_aside(folder: Path) -> Path:
    """Move the database out of the way; gives where it is now."""
    aside = folder / f"db.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    (folder / "db").rename(aside)
    (folder / "mongod.log").rename(aside / "mongod.log")
    return aside
