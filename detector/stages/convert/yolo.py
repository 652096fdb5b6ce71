"""The annotation tables → YOLO: a txt for each image, the two tables of a dataset version, and an account of it."""

import json
from collections.abc import Iterator
from pathlib import Path

from detector.stages import Job, Kept, Pipeline, Place, Result, Source, below
from detector.stages.convert._options import Options
from detector.terms import SPLITS

__all__ = ["LIBRARIES", "Options", "faults", "kept", "look", "run"]
LIBRARIES = ("numpy", "opencv-python-headless", "pyarrow", "pyyaml")


def faults(options: Options, pipeline: Pipeline) -> Iterator[tuple[Place, str]]:
    """A label can't be learned and left out."""
    learned = {label: name for name, labels in pipeline.classes.items() for label in labels}
    for at, label in enumerate(options.leave_out):
        if label in learned:
            yield ("leave_out", at), f"{label!r} is also a label of the class {learned[label]!r}; take it out of one"


def look(options: Options, _: Path) -> Source:
    """The split's lists, as they are now."""
    from detector.stages.convert._lists import read_lists

    return Source(json.dumps(sorted(read_lists(options.split).items())))


def kept(result: Result) -> Kept:
    """A version is its files, and nothing else lies among them."""
    from detector.data.dataset import Dataset

    folders = [result.path / kind / split for kind in ("images", "labels") for split in SPLITS]
    return Kept(below(result.path), Dataset(result.path).hashes(), folders)


def run(job: Job[Options]) -> Result:
    """Convert the pulled annotations into datasets/<name>/<version>, and point `latest` at it."""
    from detector.stages.convert._version import to_version
    from detector.system.garbage import paused

    with paused():
        return to_version(job)
