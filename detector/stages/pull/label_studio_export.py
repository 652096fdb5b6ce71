"""The JSON that Label Studio's UI exports, with the images beside it or at a given root."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector.data.paths import IMAGE_ENDINGS
from detector.label_studio.policy import Policy
from detector.stages import Job, Result, Section, Source
from detector.stages.pull import _bucket
from detector.stages.pull._bucket import Place
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
    images: Place | None = Field(
        None,
        description="what `?d=`, /data/upload/ and relative paths resolve under; of s3://bucket/folder, gs:// and"
        " abfss:// the pictures are copied once",
    )
    label_config: Path | None = Field(None, description="the labelling configuration, where tasks have several images")
    annotations: Policy = Field("latest", description="which annotation counts when a task has several")


def _opened(options: Options, root: Path, datasets: Path) -> "Export":
    from detector.stages.pull._export import Export

    return Export(options.path, root, options.label_config, options.annotations, datasets / "pulled")


def look(options: Options, datasets: Path) -> Source:
    """The export as it is now: it changes when the file does, or an image that it refers to."""
    if _bucket.is_address(options.images):
        objects = _bucket.objects_of(str(options.images), IMAGE_ENDINGS)
        content = _opened(options, Path(), datasets).content
        return Source(f"{content} {_bucket.state_of(objects)}", objects)
    export = _opened(options, Path(options.images or options.path.parent), datasets)
    return Source(export.state, export)


def run(job: Job[Options]) -> Result:
    """Take in the images, write the tables."""
    from detector.stages.pull._attach import attach, finish, wanted
    from detector.stages.pull._references import none_found

    export = _looked_at(job)
    rows, sources = wanted(export.drawn), export.drawn.images["source"].to_pylist()
    asked = [sources[row] for row in rows]
    if asked and not any(export.files.get(source) for source in asked):
        raise none_found(list(dict.fromkeys(asked)), export.root)
    pixels = dict(zip(rows, _pixels(asked, export, job), strict=True))
    return finish(attach(export.drawn, pixels), job, job.options.path.name, ids=True)


def _looked_at(job: Job[Options]) -> "Export":
    """The export as `look` saw it, its pictures in a folder of this machine."""
    from detector.stages.pull._export import Export

    options, seen = job.options, job.source and job.source.content
    if isinstance(seen, Export):
        return seen
    root = Path(options.images or options.path.parent)
    if _bucket.is_address(options.images):
        root = _bucket.copy_of(str(options.images), IMAGE_ENDINGS, job)
    return _opened(options, root, job.datasets)


def _pixels(sources: list[str], export: "Export", job: Job[Options]) -> "list[Pixels]":
    """What each reference leads to; a file that is another's picture is none of theirs."""
    from detector.data.images import Pixels
    from detector.stages.pull._attach import taken_in
    from detector.stages.pull._references import shared

    others = shared(export.files, export.root)
    named = [None if source in others else export.files.get(source) for source in sources]
    pixels = taken_in([Path(file) if file else None for file in named], job)
    return [
        Pixels(problem="ambiguous_image", detail=others[source])
        if source in others
        else known._replace(detail=source)
        if known.problem == "missing_image"
        else known
        for source, known in zip(sources, pixels, strict=True)
    ]
