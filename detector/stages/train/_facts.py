"""What a dataset version tells about how to train on it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.dataset import Dataset
from detector.stages.train._colour import Colours, colours_of

Floats = npt.NDArray[np.float64]


class Facts(NamedTuple):
    """Of the train split; lengths are shares of the longer side of an image."""

    images: int
    pixels: int  # the median longer side of its images
    median: float  # the side of the square that has the area of the median object
    small: float  # the same, which nine objects in ten reach
    spread: float  # of the logarithm of the side, among the objects of one class
    colours: Colours | None = None  # how much they differ between images; None where there are too few


def facts_of(dataset: Dataset) -> Facts:
    """The facts of a version's train split."""
    train = pc.equal(dataset.images["split"], "train").fill_null(False).to_numpy()
    size = np.column_stack([dataset.images[side].to_numpy() for side in ("width", "height")])
    instances = dataset.instances.filter(pa.array(train).take(dataset.instances["image"]))
    of_image = size[instances["image"].to_numpy()]
    drawn = np.column_stack([instances[side].to_numpy() for side in ("width", "height")]) * of_image
    sides = np.sqrt(drawn.prod(axis=1)) / of_image.max(axis=1)
    return Facts(
        images=int(train.sum()),
        pixels=int(np.median(size[train].max(axis=1))) if train.any() else 0,
        median=float(np.median(sides)) if len(sides) else 0.0,
        small=float(np.quantile(sides, 0.1)) if len(sides) else 0.0,
        spread=_spread(sides, instances["class_id"].to_numpy()),
        colours=colours_of([dataset.image_path(file) for _, file in dataset.on("train").files]),
    )


def _spread(sides: Floats, classes: npt.NDArray[np.int32]) -> float:
    """The standard deviation of the logarithm of the side, within the classes."""
    logarithms = [np.log(sides[(classes == each) & (sides > 0)]) for each in np.unique(classes)]
    apart = np.concatenate([*(values - values.mean() for values in logarithms if len(values)), []])
    return float(np.sqrt(np.mean(apart**2))) if len(apart) else 0.0
