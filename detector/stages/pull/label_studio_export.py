"""The JSON that Label Studio's UI exports, with the images beside it or at a given root."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector.data.places import STORE
from detector.label_studio.policy import Policy
from detector.stages import Job, Result, Section, Source
from detector.stages.pull._kept import kept

if TYPE_CHECKING:
    from detector.data.images import Pixels
    from detector.stages.pull._export import Export

__all__ = ["LIBRARIES", "Options", "kept", "look", "run"]
LIBRARIES = ("msgspec", "numpy", "opencv-python-headless", "pillow", "pyarrow")


class Options(Section):
    """A JSON export of Label Studio."""

    using: Literal["label_studio_export"] = "label_studio_export"
    path: Path = Field(description="the exported JSON file", examples=["export.json"])
    images: Path | None = Field(None, description="what `?d=`, /data/upload/ and relative paths resolve under")
    label_config: Path | None = Field(None, description="the labelling configuration, where tasks have several images")
    annotations: Policy = Field("latest", description="which annotation counts when a task has several")


def _opened(options: Options, datasets: Path) -> "Export":
    from detector.stages.pull._export import Export

    root = options.images or options.path.parent
    return Export(options.path, root, options.label_config, options.annotations, datasets / "pulled")


def look(options: Options, datasets: Path) -> Source:
    """The export as it is now: it changes when the file does, or an image that it refers to."""
    export = _opened(options, datasets)
    return Source(export.state, export)


def run(job: Job[Options]) -> Result:
    """Take in the images, write the tables."""
    from detector.stages.pull._attach import attach, finish, wanted
    from detector.stages.pull._export import Export
    from detector.stages.pull._references import none_found

    looked = job.source and job.source.content
    export = looked if isinstance(looked, Export) else _opened(job.options, job.datasets)
    rows, sources = wanted(export.drawn), export.drawn.images["source"].to_pylist()
    asked = [sources[row] for row in rows]
    if asked and not any(export.files.get(source) for source in asked):
        raise none_found(list(dict.fromkeys(asked)), export.root)
    pixels = dict(zip(rows, _pixels(asked, export, job), strict=True))
    return finish(attach(export.drawn, pixels), job, job.options.path.name, ids=True)


def _pixels(sources: list[str], export: "Export", job: Job[Options]) -> "list[Pixels]":
    """What each reference leads to; a file that is another's picture is none of theirs."""
    from detector.data.images import Pixels
    from detector.data.ingested import ingest_once
    from detector.stages.pull._references import shared

    others = shared(export.files, export.root)
    named = [None if source in others else export.files.get(source) for source in sources]
    pixels = ingest_once(
        [Path(file) if file else None for file in named], job.datasets / STORE, job.report.progress, job.forced
    )
    return [
        Pixels(problem="ambiguous_image", detail=others[source])
        if source in others
        else known._replace(detail=source)
        if known.problem == "missing_image"
        else known
        for source, known in zip(sources, pixels, strict=True)
    ]
