"""The files that an export refers to, and whether any has changed: what is asked every night, so it is light."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from detector import files
from detector.errors import UsageError
from detector.paths import ends
from detector.stages.pull.label_studio_export import Options

Files = dict[str, str | None]


def state_of(options: Options, datasets: Path) -> str:
    """Changes whenever the export, the labelling configuration, or an image that is referred to does."""
    export = digest(options)
    content = hashlib.sha256(export.encode())
    for source, file in files_of(export, options, datasets).items():
        found = os.stat(file) if file else None  # noqa: PTH116 - a Path for each of 10,000 files takes longer than this
        content.update(f"{source} {found and (found.st_size, found.st_mtime_ns)}\n".encode())
    return content.hexdigest()


def digest(options: Options) -> str:
    """The content of the export, and of the configuration that says what in it is an image."""
    named = (("path", options.path), ("label_config", options.label_config))
    return " ".join(_digest(name, file) for name, file in named if file)


def _digest(name: str, path: Path) -> str:
    try:
        return files.digest(path)
    except OSError as error:
        raise unreadable(name, path, error) from error


def unreadable(name: str, path: Path, error: OSError) -> UsageError:
    """What to say of a file of `pull` that can't be read."""
    hint = "Label Studio exports it as JSON" if name == "path" else "copy it from the project's Labeling Interface"
    return UsageError(f"pull.{name}: {path} can't be read ({error.strerror}); {hint}")


def files_of(export: str, options: Options, datasets: Path) -> Files:
    """Each reference in the export and the file it means; None where there is none.

    Kept by the export's digest, so that asking again is cheap.
    """
    asked = f"{export}{options.model_dump_json()}"
    index = datasets / "pulled" / f"{hashlib.sha256(asked.encode()).hexdigest()[:12]}.files.json"
    if index.exists():
        return _found_again(json.loads(index.read_bytes()), options.root)
    found = _resolved(_sources(export, options), options.root)
    index.parent.mkdir(parents=True, exist_ok=True)
    files.write_whole(index, json.dumps(found))
    return found


def _sources(export: str, options: Options) -> list[str]:
    """Every reference once; this reads the whole export."""
    from detector.stages.pull._export import read

    return [str(source) for source in read(export, options).images["source"].unique().to_pylist()]


def _found_again(known: Files, root: Path) -> Files:
    """What was found stays; what was not may have come since, and what has gone may lie elsewhere now."""
    away = [source for source, file in known.items() if file is None or not os.path.isfile(file)]  # noqa: PTH113
    return known | _resolved(away, root)


def _resolved(sources: Iterable[str], root: Path) -> Files:
    found = ((source, find(source, root)) for source in sources)
    return {source: str(file) if file else None for source, file in found}


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
