"""A Label Studio export as tables: the JSON, and the files that its references mean."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from detector.annotations import Annotations
from detector.errors import UsageError
from detector.files import write_whole
from detector.ingested import ingest_once
from detector.label_studio.tasks import annotations
from detector.paths import ends
from detector.stages import Job, Result
from detector.stages.pull._attach import attach, finish, wanted
from detector.stages.pull.label_studio_export import Options


def state_of(options: Options, datasets: Path) -> str:
    """Changes whenever the export, or an image that it refers to, does."""
    content = hashlib.sha256()
    exported = _read(options.path)
    content.update(exported)
    for source, file in _files(exported, options, datasets).items():
        found = file.stat() if file else None
        content.update(f"{source} {found and (found.st_size, found.st_mtime_ns)}\n".encode())
    return content.hexdigest()


def take(job: Job[Options]) -> Result:
    """Read the export, take in the images, write the tables."""
    options = job.options
    exported = _read(options.path)
    drawn = _annotations(exported, options)
    files = _files(exported, options, job.datasets)
    rows = wanted(drawn)
    sources = drawn.images["source"].to_pylist()
    pixels = ingest_once([files.get(sources[row]) for row in rows], job.datasets / "store", job.report)
    return finish(attach(drawn, dict(zip(rows, pixels, strict=True))), job.datasets, options.path.name)


def _annotations(exported: bytes, options: Options) -> Annotations:
    config = options.label_config.read_text() if options.label_config else None
    return annotations(exported, options.annotations, config=config)


def _files(exported: bytes, options: Options, datasets: Path) -> dict[str, Path | None]:
    """Each reference in the export and the file it means. Kept by the export's content, so that asking is cheap."""
    key = hashlib.sha256(exported + options.model_dump_json().encode()).hexdigest()[:12]
    index = datasets / "pulled" / f"{key}.files.json"
    if index.exists():
        known = json.loads(index.read_text())
        return {source: Path(file) if file else find(source, options.root) for source, file in known.items()}
    sources = _annotations(exported, options).images["source"].unique().to_pylist()
    files = {source: find(source, options.root) for source in sources}
    index.parent.mkdir(parents=True, exist_ok=True)
    write_whole(index, json.dumps({source: file and str(file) for source, file in files.items()}))
    return files


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"pull.path: {path} can't be read ({error.strerror}); Label Studio exports it as JSON"
        ) from error


def find(source: str, root: Path) -> Path | None:
    """The file that a task's reference means, below `root`; None when there is none.

    /data/local-files/?d=a/b.jpg and a/b.jpg mean root/a/b.jpg; /data/upload/3/x.jpg means root/upload/3/x.jpg,
    root/3/x.jpg or root/x.jpg, whichever is there first. Nothing outside `root` is ever found.
    """
    inside = root.resolve()
    for candidate in _candidates(source):
        path = (inside / candidate).resolve()
        if path.is_relative_to(inside) and path.is_file():
            return path
    return None


def _candidates(source: str) -> Iterator[str]:
    """Relative paths to try: as the reference has it first, then percent-decoded."""
    parts = urlsplit(source)
    if "/data/local-files/" in parts.path:
        yield from parse_qs(parts.query).get("d", [])
        return
    for path in dict.fromkeys((source, parts.path, unquote(parts.path))):
        yield from ends(path.removeprefix("/data/").lstrip("/"))
