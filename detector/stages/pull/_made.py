"""What a run of this project, or of another one, has made: it is never input, wherever a source is looked for."""

import os
from collections.abc import Collection
from pathlib import Path

from detector.data.places import STORE

Identity = tuple[int, int]  # of a folder, by whatever path it is reached
_MARKS = (  # what is in a version, in a store, in a run's folder, in a virtual environment
    frozenset(("data.yaml", "instances.parquet")),
    frozenset(("ingested.msgpack",)),
    frozenset(("pipeline.yaml", "run.json")),
    frozenset(("pyvenv.cfg",)),
)


def outputs(datasets: Path) -> set[Identity]:
    """The folders that runs of this project write to; `datasets` is this pipeline's."""
    project = datasets.absolute().parent.parent
    places = [project / name for name in ("datasets", "runs", "models")]
    places += [datasets, datasets / STORE, datasets / "pulled"]
    return {identity(place) for place in places if place.exists()}


def identity(folder: Path | str) -> Identity:
    """What tells a folder from others."""
    status = os.stat(folder)  # noqa: PTH116 - a Path for each of many folders takes longer
    return status.st_dev, status.st_ino


def is_made(names: Collection[str]) -> bool:
    """Whether a folder with files of these names was made by a run."""
    return any(marks.issubset(names) for marks in _MARKS)
