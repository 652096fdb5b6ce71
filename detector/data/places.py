"""Where a project's files lie, from its folder: the one that its pipeline.yaml is in."""

import os
from pathlib import Path

from detector.errors import UsageError

DATASETS = Path("datasets")  # a folder for each pipeline: its versions, its pictures, what was pulled
STORE = "store"  # in such a folder: the pictures, each called by the SHA-256 of its bytes
RUNS = Path("runs")  # a folder for each run
RESULTS = RUNS / "results"  # a folder for each pipeline: what its steps gave
FIFTYONE = RUNS / "fiftyone"  # FiftyOne's database, and all else that it writes
FIFTYONE_MADE = FIFTYONE / "db" / "detector.id"  # tells the database from one that took its place
MODELS = Path("models")  # a folder for each pipeline: its champion's files
LOCK = RUNS / ".lock"  # one run at a time


def enter(folder: Path) -> None:
    """Work in a project's folder from now on: every path is relative to it. Raises UsageError where that can't be."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(
            f"{folder} can't be worked in ({error.strerror}); name the pipeline.yaml of a project"
        ) from error
