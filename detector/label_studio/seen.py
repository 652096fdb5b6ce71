"""What a server answered when it was last asked, beside the file that keeps its tasks: it is read without Arrow."""

from pathlib import Path

import msgspec

from detector.label_studio.query import Look
from detector.system.files import write_whole


class Seen(msgspec.Struct):
    """How the tasks that are kept in a file looked before they were listed, and how when they last changed.

    It stands beside the file, too, where it is read without Arrow.
    """

    look: Look | None = None
    state: str = ""


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
