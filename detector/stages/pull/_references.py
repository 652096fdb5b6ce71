"""The files that an export refers to."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from detector.data.paths import ends
from detector.system.files import write_whole

Files = dict[str, str | None]  # each reference in an export → the file that it means; None where there is none


def files_of(sources: Callable[[], Iterable[str]], root: Path, index: Path) -> Files:
    """The file below `root` of each reference that `sources` gives.

    They are kept in `index`; while that is there, `sources` is not asked.
    """
    if index.exists():
        return _found_again(json.loads(index.read_bytes()), root)
    files = _resolved(sources(), root)
    index.parent.mkdir(parents=True, exist_ok=True)
    write_whole(index, json.dumps(files))
    return files


def _found_again(known: Files, root: Path) -> Files:
    """What was found stays; what was not may have come since, and what has gone may lie elsewhere now."""
    away = [source for source, file in known.items() if file is None or not os.path.isfile(file)]  # noqa: PTH113
    return known | _resolved(away, root)


def _resolved(sources: Iterable[str], root: Path) -> Files:
    files = ((source, find(source, root)) for source in sources)
    return {source: str(file) if file else None for source, file in files}


def stamps(files: Files) -> Iterator[str]:
    """A line for each reference: it changes when its file does."""
    for source, file in files.items():
        status = os.stat(file) if file else None  # noqa: PTH116 - a Path for each of 10,000 files takes longer
        yield f"{source} {status and (status.st_size, status.st_mtime_ns)}\n"


def find(source: str, root: Path) -> Path | None:
    """The file that a task's reference means, below `root`; None when there is none.

    /data/local-files/?d=a/b.jpg and a/b.jpg mean root/a/b.jpg; /data/upload/3/x.jpg means root/upload/3/x.jpg,
    root/3/x.jpg or root/x.jpg, whichever is there first. Nothing outside `root` is ever found.
    """
    inside = root.resolve()
    try:
        there = filter(os.path.isfile, (os.path.join(inside, candidate) for candidate in _candidates(source)))  # noqa: PTH118
        paths = (Path(path).resolve() for path in there)  # links are followed last, since that takes longest
        return next((path for path in paths if path.is_relative_to(inside)), None)
    except (OSError, ValueError):  # what can be no path at all: a NUL in it, a name without end, half a character
        return None


def _candidates(source: str) -> Iterator[str]:
    """Relative paths to try: as the reference has it first, then percent-decoded."""
    parts = urlsplit(source)
    if "/data/local-files/" in parts.path:
        yield from parse_qs(parts.query).get("d", [])
        return
    for path in dict.fromkeys((source, parts.path, unquote(parts.path))):
        yield from ends(path.removeprefix("/data/").lstrip("/"))
