"""A dataset of FiftyOne, or a folder of a type that FiftyOne imports: COCO, Pascal VOC, CVAT and more."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector.stages import Job, Pipeline, Result, Section, Source
from detector.stages.pull._fiftyone.kinds import Kind
from detector.stages.pull._kept import kept

if TYPE_CHECKING:
    from detector.stages.pull._fiftyone.shapes import Drawn

__all__ = ["LIBRARIES", "Options", "faults", "kept", "look", "run"]
LIBRARIES = ("fiftyone", "msgspec", "numpy", "opencv-python-headless", "pillow", "pyarrow", "pyyaml", "xmltodict")


class Options(Section):
    """A dataset of FiftyOne by its name, or a folder with the labels of COCO, Pascal VOC, CVAT and others.

    Splits of the folder (train/, instances_val2017.json, ImageSets/Main/test.txt) and tags of samples become the data
    field `split` of the images; simple fields of samples become data fields of their names.
    """

    using: Literal["fiftyone"] = "fiftyone"
    path: Path | None = Field(None, description="the folder that holds pictures and labels", examples=["coco"])
    type: Kind | None = Field(None, description="what the folder is; left out, its files tell", examples=["voc"])
    dataset: str | None = Field(
        None,
        min_length=1,
        description="in place of `path`: a dataset of the project's FiftyOne database, or of FIFTYONE_DATABASE_URI",
        examples=["curated"],
    )
    view: str | None = Field(None, min_length=1, description="a saved view of the dataset, instead of all of it")
    field: str | None = Field(
        None, min_length=1, description="the field with Detections or Polylines; left out, the only one"
    )


def faults(options: Options, _: Pipeline) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """A folder or a dataset, and only what goes with it."""
    if options.path is None and options.dataset is None:
        yield (), "needs `path` (a folder with labels of COCO, VOC, CVAT, …) or `dataset` (a dataset of FiftyOne)"
    if options.path and options.dataset:
        yield ("dataset",), "is given beside `path`; leave one of them out"
    if options.path and options.view and not options.dataset:
        yield ("view",), "is a saved view of a `dataset`; a folder has none"
    if options.dataset and options.type and not options.path:
        yield ("type",), "says what a folder is; a `dataset` needs none"


def look(options: Options, datasets: Path) -> Source:
    """The folder or the dataset as it is now: it changes whenever a file, a sample, a label or the view does."""
    if options.path is not None:
        from detector.stages.pull._fiftyone.files import folder_of

        folder = folder_of(options.path, datasets)
        return Source(folder.state, folder)
    from detector.data.places import FIFTYONE
    from detector.stages.pull._fiftyone.kept import state_of

    return Source(state_of(str(options.dataset), options.view, FIFTYONE))


def run(job: Job[Options]) -> Result:
    """Read the labels, take in the pictures, write the tables."""
    from detector.stages.pull._fiftyone.take import take

    options = job.options
    source = str(options.path) if options.path else f"the FiftyOne dataset “{options.dataset}”"
    return take(job, _read(job).in_order(), source)


def _read(job: Job[Options]) -> "Drawn":
    from detector.stages.pull._fiftyone import coco, cvat, imported, kept, voc
    from detector.stages.pull._fiftyone.files import Folder, folder_of
    from detector.stages.pull._fiftyone.guess import kind_of
    from detector.stages.pull._fiftyone.outside import without_outside

    options, task = job.options, job.pipeline.task
    if options.path is None:
        return kept.read(str(options.dataset), options.view, options.field, task, job.fiftyone)
    looked = job.source and job.source.content
    folder = looked if isinstance(looked, Folder) else folder_of(options.path, job.datasets)
    kind = kind_of(folder, options.type)
    readers = {
        "coco": partial(coco.read, folder, task),
        "voc": partial(voc.read, folder),
        "cvat": partial(cvat.read, folder),
    }
    read = readers.get(kind) or partial(imported.read, folder, kind, options.field, task, job.fiftyone)
    return without_outside(read(), folder)
