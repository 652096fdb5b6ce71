"""A folder in YOLO format, as Darknet and Ultralytics use it: an image, and a txt that says what is on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector.stages import Job, Result, Section, Source
from detector.stages.pull import _bucket
from detector.stages.pull._bucket import Place
from detector.stages.pull._kept import kept

if TYPE_CHECKING:
    from detector.stages.pull._yolo.walk import Folder

__all__ = ["LIBRARIES", "Options", "kept", "look", "run"]
LIBRARIES = ("msgspec", "numpy", "opencv-python-headless", "pillow", "pyarrow", "pyyaml")


class Options(Section):
    """A folder of images with a txt each, as Ultralytics, Darknet, Roboflow and CVAT write it.

    The txt lies beside its image, or in `labels/` (or `labels/yolo/`) where the image is in `images/`. What the folder
    says of itself counts: class names of data.yaml, obj.names or classes.txt; splits of data.yaml, obj.data, the lists
    train.txt, val.txt (or valid.txt) and test.txt, or folders called train, valid and test. They are the data field
    `split`, too.
    """

    using: Literal["yolo"] = "yolo"
    path: Place = Field(description="the folder; s3://bucket/folder, gs:// and abfss:// are copied once")
    names: Path | None = Field(
        None,
        description="class names, a line each (obj.names), or a data.yaml; otherwise the folder's own list, and class"
        " ids count through `classes` where it has none",
    )
    without_txt: Literal["exclude", "background"] = Field(
        "exclude", description="an image without a txt is unlabelled and left out, or shows nothing"
    )


def look(options: Options, datasets: Path) -> Source:
    """The folder as it is now: it changes whenever one of its files does, or the list of names."""
    from detector.stages.pull._yolo.walk import ENDINGS, state_of, walk

    names = state_of(options.names) if options.names else ""
    if _bucket.is_address(options.path):
        objects = _bucket.objects_of(str(options.path), ENDINGS)
        return Source(_bucket.state_of(objects) + names, objects)
    folder = walk(Path(options.path), datasets)
    return Source(folder.state + names, folder)


def run(job: Job[Options]) -> Result:
    """Read the folder, take in the images, write the tables."""
    from detector.errors import UsageError
    from detector.stages.pull._attach import attach, finish, taken_in, wanted
    from detector.stages.pull._links import advice
    from detector.stages.pull._yolo.labels import label_files
    from detector.stages.pull._yolo.names import names_in, names_of
    from detector.stages.pull._yolo.splits import splits_in
    from detector.stages.pull._yolo.tables import Known, tables
    from detector.stages.pull._yolo.words import descriptions
    from detector.system.garbage import paused

    options, folder = job.options, _walked(job)
    if folder.outside.issuperset(folder.images):
        raise UsageError(
            f"pull.path: there is no image below {options.path} (hidden folders, and what detector makes, don't count)"
            f"{advice(folder.leading_out)}"
        )
    described, labels = descriptions(folder), label_files(folder)
    names = names_of(options.names, folder) if options.names else names_in(folder, described, job.pipeline.classes)
    splits = splits_in(folder, described, labels.alone)
    with paused():
        drawn = tables(Known(folder, labels, names, splits), without_txt=options.without_txt)
    rows = wanted(drawn)
    files = [None if (image := folder.images[row]) in folder.gone else folder.root / image for row in rows]
    pixels = taken_in(files, job)
    attached = attach(drawn, dict(zip(rows, pixels, strict=True)))
    return finish(attached, job, str(options.path), [*names.notes, *splits.notes], ids=False)


def _walked(job: Job[Options]) -> "Folder":
    """The folder as `look` saw it, or the copy of it."""
    from detector.stages.pull._yolo.walk import ENDINGS, Folder, walk

    if _bucket.is_address(job.options.path):
        return walk(_bucket.copy_of(str(job.options.path), ENDINGS, job), job.datasets)
    seen = job.source and job.source.content
    return seen if isinstance(seen, Folder) else walk(Path(job.options.path), job.datasets)
