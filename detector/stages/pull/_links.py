"""Links out of a folder that is pulled: they are never followed, as they could lead to any file of this machine."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from detector.errors import UsageError
from detector.system.files import refuse_others

_FIRST = 3  # links in a message


def leads_out(entry: os.DirEntry[str], base: str) -> bool:
    """Whether an entry is a link to what lies outside of the folder whose real path is `base`."""
    return entry.is_symlink() and not _is_below(os.path.realpath(entry.path), base)


def is_inside(path: Path, root: Path) -> bool:
    """Whether a path, with its links followed, is in the folder `root`."""
    return _is_below(os.path.realpath(path), os.path.realpath(root))


def _is_below(path: str, base: str) -> bool:
    return f"{path}/".startswith(f"{base.rstrip('/')}/")


def links_out(root: Path) -> Iterator[str]:
    """Every link out of the folder, hidden ones too, by its path from `root`."""
    return (os.path.relpath(path, root) for path in _within(root) if path.is_symlink() and not is_inside(path, root))


def refuse_pipes(root: Path) -> None:
    """Raise UsageError for a pipe, a socket or a device in the folder, hidden ones too."""
    try:
        for path in _within(root):
            if not path.is_symlink():
                refuse_others(path)
    except OSError as error:
        raise UsageError(f"pull.path: {error.filename} can't be read ({error.strerror})") from error


def _within(root: Path) -> Iterator[Path]:
    """All that is in the folder; links are not followed."""
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))


def advice(links: Sequence[str]) -> str:
    """What to do about links that lead out of the folder, to end a message with; empty where there is none."""
    if not links:
        return ""
    shown = ", ".join(links[:_FIRST]) + (", …" if len(links) > _FIRST else "")
    one = len(links) == 1
    return (
        f"; {len(links):,} {'link leads' if one else 'links lead'} out of it and"
        f" {'is' if one else 'are'} not followed: {shown}. Copy the folder with what its links lead to (cp -rL), or"
        " give the folder that holds both"
    )
