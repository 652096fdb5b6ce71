"""Whether anything changed on a Label Studio server: one small question, when nothing did."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from detector.files import write_whole
from detector.label_studio.client import Connection
from detector.label_studio.projects import Project
from detector.label_studio.query import Look, look


class Seen(msgspec.Struct):
    """How the tasks that are kept in a file looked before they were listed, and how when they last changed.

    It stands beside the file, too, where it is read without Arrow.
    """

    look: Look | None = None
    state: str = ""


def state(connection: Connection, project: Project, file: Path) -> str:
    """A text that changes when the tasks that an update of `file` would give do. Predictions and drafts are no change.

    Where only a comparison can tell, the update is made.
    """
    now, seen = look(connection, project), recall(file)
    if seen.look is None or not seen.state:
        return str(now)
    if now == seen.look:
        return seen.state
    if (now.tasks, now.annotations) != (seen.look.tasks, seen.look.annotations):
        return str(now)
    from detector.label_studio.changes import update

    return update(connection, project, file, quietly).state


def remember(file: Path, seen: Seen) -> None:
    """Note it beside `file`, which is written already."""
    write_whole(_beside(file), msgspec.json.encode(seen))


def recall(file: Path) -> Seen:
    """What was noted beside `file`."""
    try:
        return msgspec.json.decode(_beside(file).read_bytes(), type=Seen)
    except (OSError, msgspec.MsgspecError):
        return Seen()


def _beside(file: Path) -> Path:
    return file.with_suffix(".look")


@contextmanager
def quietly(_: str, __: int) -> Iterator[Callable[[int], None]]:
    """No progress is shown."""
    yield lambda _: None
