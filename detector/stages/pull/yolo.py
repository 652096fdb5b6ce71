"""A folder in YOLO format, as Darknet and Ultralytics use it: an image, and a txt that says what is on it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.errors import UsageError
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
    """Changes whenever a file of the folder does, or the list of names."""
    content = hashlib.sha256()
    names = [str(options.names)] if options.names else []
    for file in (*sorted(files_below(options.path)), *names):
        with suppress(FileNotFoundError):
            found = os.stat(file)  # noqa: PTH116 - a Path for each of many files takes longer than this
            content.update(f"{file} {found.st_size} {found.st_mtime_ns}\n".encode())
    return content.hexdigest()


def files_below(root: Path) -> Iterator[str]:
    """Every file in the folder. Raises UsageError when there is no such folder."""
    if not root.is_dir():
        raise UsageError(f"pull.path: {root} is no folder")
    for folder, _, files in os.walk(root):
        yield from (f"{folder}/{file}" for file in files)


def run(job: Job[Options]) -> Result:
    """Read the folder, take in the images, write the tables."""
    from detector.stages.pull._yolo_folder import take

    return take(job)
