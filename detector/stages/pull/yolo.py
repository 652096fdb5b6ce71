"""A folder in YOLO format, as Darknet and Ultralytics use it: an image, and a txt that says what is on it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.stages import Job, Result, Section, Source

LIBRARIES = ("msgspec", "numpy", "opencv-python-headless", "pillow", "pyarrow")


class Options(Section):
    """A folder of images with a txt each.

    The txt lies beside its image, or in `labels/` (or `labels/yolo/`) where the image is in `images/`. Lists named
    train.txt, val.txt (or valid.txt) and test.txt in the folder become the data field `split` of the images.
    """

    using: Literal["yolo"] = "yolo"
    path: Path = Field(description="the folder")
    names: Path | None = Field(
        None, description="class names, a line each (obj.names); otherwise class ids count through `classes`"
    )
    without_txt: Literal["exclude", "background"] = Field(
        "exclude", description="an image without a txt is unlabelled and left out, or shows nothing"
    )


def look(options: Options, _: Path) -> Source:
    """The folder as it is now: it changes whenever one of its files does, or the list of names."""
    from detector.stages.pull._yolo_folder import files_below, state_of

    files = sorted(files_below(options.path))
    return Source(state_of([*files, *([str(options.names)] if options.names else [])]))


def run(job: Job[Options]) -> Result:
    """Read the folder, take in the images, write the tables."""
    from detector.data.ingested import ingest_once
    from detector.stages.pull._attach import attach, finish, wanted
    from detector.stages.pull._yolo_folder import images_in, names_of, tables

    options = job.options
    images = images_in(options.path)
    names = names_of(options.names) if options.names else list(job.pipeline.classes)
    drawn = tables(images, names, options.path, without_txt=options.without_txt)
    rows = wanted(drawn)
    pixels = ingest_once([images[row] for row in rows], job.datasets / "store", job.report.progress)
    return finish(attach(drawn, dict(zip(rows, pixels, strict=True))), job.datasets, str(options.path))
