"""What sees objects on pictures: an engine in its own runtime, or a checkpoint by the package that trained it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from detector.data.colour import Pixels
from detector.engines import sidecar
from detector.engines.artifact import open_artifact
from detector.engines.detector import Rows
from detector.measure.outlines import outlines
from detector.models.predict import Objects, Predictor

WEIGHTS, RTX = ".pt", ".rtx.engine"


class Sees(Protocol):
    """Takes pictures, and gives the objects on each in their order. `classes`: their names by class id."""

    classes: list[str]
    task: str

    def __call__(self, pictures: Sequence[Pixels]) -> Iterator[Objects]:
        """The objects on each picture."""
        ...


class Engine:
    """What an export of ours left, checked against its sidecar, in its own runtime.

    Raises:
        DetectorError: it or its sidecar was changed, or this machine can't run it.
    """

    def __init__(self, file: Path, score: float) -> None:
        artifact = open_artifact(file)
        self._detector, self._score = artifact.detector, score
        self.classes: list[str] = artifact.sidecar.made_from.classes
        self.task: str = artifact.sidecar.made_from.task

    def __call__(self, pictures: Sequence[Pixels]) -> Iterator[Objects]:
        """The objects on each picture."""
        if pictures:
            for picture, rows in zip(pictures, self._detector(pictures, self._score), strict=True):
                yield _objects(rows, (picture.shape[1], picture.shape[0]), self.task)


def predictor(file: Path, score: float, log: Path) -> Sees:
    """What sees with the model in `file`: from `score` on, 0 … 1.

    Raises:
        DetectorError: it can't be loaded or run here, or is no detection or segmentation model.
    """
    is_ours = file.name.endswith(RTX) or (file.suffix != WEIGHTS and sidecar.place(file).exists())
    return Engine(file, score) if is_ours else Predictor(file, score, log)


def _objects(rows: Rows, size: tuple[int, int], task: str) -> Objects:
    """`size`: width and height of the picture in pixels."""
    boxes = np.column_stack([rows[name] for name in ("x", "y", "width", "height")])
    polygons = None
    if task == "segment":
        codes = rows["mask"].to_pylist()
        polygons = [np.reshape(points or [], (-1, 2)) for points in outlines((code, size) for code in codes)]
    return Objects(rows["class_id"], rows["score"], boxes, polygons)
