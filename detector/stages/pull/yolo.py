"""A folder in YOLO format, as Darknet and Ultralytics use it: an image, and a txt that says what is on it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.stages import Job, Result, Section

LIBRARIES = ("pillow", "pyarrow")


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


def state(options: Options, _: Path) -> str:
    """Changes whenever a file of the folder does."""
    from detector.stages.pull._yolo_folder import state_of

    return state_of(options)


def run(job: Job[Options]) -> Result:
    """Read the folder, take in the images, write the tables."""
    from detector.stages.pull._yolo_folder import take

    return take(job)
