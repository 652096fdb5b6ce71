"""Whether anything changed on a Label Studio server: one small question, when nothing did."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from detector.label_studio.client import Connection
from detector.label_studio.projects import Project
from detector.label_studio.query import look
from detector.label_studio.seen import recall


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
    from detector.label_studio.changes import update  # Arrow with it

    return update(connection, project, file, quietly).state


@contextmanager
def quietly(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """No progress is shown."""
    del title, total
    yield lambda _: None
