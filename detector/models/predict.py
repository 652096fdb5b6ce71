"""What a model sees on pictures that nobody annotated."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detector.data.colour import Pixels
from detector.errors import UsageError
from detector.models.quiet import device, quietly
from detector.models.weights import load_model

TASKS = ("detect", "segment")


class Objects(NamedTuple):
    """The objects on one picture, best score first, normalised by its width and height.

    class_ids (N,), scores (N,) in 0 … 1, boxes (N, 4) as centre x, centre y, width, height; polygons: for each object
    an array (K, 2) of x, y, or None for a model without masks.
    """

    class_ids: Any
    scores: Any
    boxes: Any
    polygons: list[Any] | None


class Predictor:
    """A model that was loaded once: a checkpoint, or what was exported from one. Call it with pictures.

    `score` is the least that an object must have, in 0 … 1. What the package says while it loads goes to the
    file `log`; later it says nothing. `classes` are the names of its classes, by class id.

    Raises:
        UsageError: it can't be loaded, or is no detection or segmentation model.
    """

    def __init__(self, model: Path, score: float, log: Path) -> None:
        self._options = {"conf": score, "device": device(), "verbose": False, "save": False}
        with quietly(log):
            self._model = load_model(model)
            if self._model.task not in TASKS:
                raise UsageError(f"{model} is a model to {self._model.task}; this is for {' and '.join(TASKS)}")
            self.task: str = self._model.task
            self.classes = _classes(self._model, model, self._options)

    def __call__(self, pictures: Sequence[Pixels]) -> Iterator[Objects]:
        """The objects on each picture, in their order.

        Those that follow each other and are of one size make a batch: what is seen on one does not depend on others.
        """
        for _, alike in groupby(pictures, key=lambda picture: picture.shape):
            results = self._model.predict([*alike], **self._options)
            yield from (_objects(result.cpu().numpy()) for result in results)


def _classes(loaded: Any, file: Path, options: dict[str, Any]) -> list[str]:
    """What an exported model calls its classes is known once it has run."""
    try:
        loaded.predict(np.zeros((64, 64, 3), np.uint8), **options)
    except Exception as error:
        raise UsageError(f"{file} can't be run here: {error}") from error
    return [str(name) for _, name in sorted(loaded.names.items())]


def _objects(result: Any) -> Objects:
    boxes = result.boxes
    polygons = None if result.masks is None else list(result.masks.xyn)
    return Objects(boxes.cls.astype(int), boxes.conf.astype(float), boxes.xywhn.astype(float), polygons)
