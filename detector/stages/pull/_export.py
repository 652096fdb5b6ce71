"""A Label Studio export as tables: the JSON, and the files that its references mean."""

from functools import lru_cache
from pathlib import Path

from detector.annotations import Annotations
from detector.ingested import ingest_once
from detector.label_studio.tasks import annotations
from detector.stages import Job, Result
from detector.stages.pull._attach import attach, finish, wanted
from detector.stages.pull._references import digest, files_of, unreadable
from detector.stages.pull.label_studio_export import Options


def take(job: Job[Options]) -> Result:
    """Read the export, take in the images, write the tables."""
    options, export = job.options, digest(job.options)
    drawn = read(export, options)
    read.cache_clear()
    files = files_of(export, options, job.datasets)
    rows = wanted(drawn)
    sources = drawn.images["source"].to_pylist()
    named = [files.get(sources[row]) for row in rows]
    pixels = ingest_once([Path(file) if file else None for file in named], job.datasets / "store", job.report)
    return finish(attach(drawn, dict(zip(rows, pixels, strict=True))), job.datasets, options.path.name)


@lru_cache(maxsize=1)
def read(export: str, options: Options) -> Annotations:  # noqa: ARG001 - says which content was read
    """The annotations of an export by its digest: kept from when it is asked what has changed until it is taken.

    Raises UsageError when it can't be read.
    """
    config = options.label_config.read_text(encoding="utf-8") if options.label_config else None
    try:
        return annotations(options.path, options.annotations, config)
    except OSError as error:
        raise unreadable("path", options.path, error) from error
