"""The annotation tables → YOLO: a txt for each image, the two tables of a dataset version, and an account of it."""

import json
from pathlib import Path

from detector.stages import Job, Result, Source
from detector.stages.convert._options import Options

__all__ = ["LIBRARIES", "Options", "look", "run"]
LIBRARIES = ("numpy", "opencv-python-headless", "pyarrow", "pyyaml", "scipy")


def look(options: Options, _: Path) -> Source:
    """The split's lists, as they are now."""
    from detector.stages.convert._lists import read_lists

    return Source(json.dumps(sorted(read_lists(options.split).items())))


def run(job: Job[Options]) -> Result:
    """Convert the pulled annotations into datasets/<name>/<version>, and point `latest` at it."""
    from detector.stages.convert._version import to_version
    from detector.system.garbage import paused

    with paused():
        return to_version(job)
