"""A Label Studio export as tables: the JSON, and the files that its references mean."""

from pathlib import Path

from detector.annotations import Annotations
from detector.ingested import ingest_once
from detector.label_studio.tasks import annotations
from detector.stages import Job, Result
from detector.stages.pull._attach import attach, finish, wanted
from detector.stages.pull._references import files_of, unreadable
from detector.stages.pull.label_studio_export import Options


def take(job: Job[Options]) -> Result:
    """Read the export, take in the images, write the tables."""
    options = job.options
    drawn = read(options)
    files = files_of(options, job.datasets)
    rows = wanted(drawn)
    sources = drawn.images["source"].to_pylist()
    named = [files.get(sources[row]) for row in rows]
    pixels = ingest_once([Path(file) if file else None for file in named], job.datasets / "store", job.report)
    return finish(attach(drawn, dict(zip(rows, pixels, strict=True))), job.datasets, options.path.name)


def read(options: Options) -> Annotations:
    """The export's annotations. Raises UsageError when it can't be read."""
    config = options.label_config.read_text() if options.label_config else None
    try:
        return annotations(options.path, options.annotations, config)
    except OSError as error:
        raise unreadable(options.path, error) from error
