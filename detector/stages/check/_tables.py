"""What the rules look at, and what they give."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.dataset import Dataset
from detector.data.geometry import Floats, Ints, Outlines
from detector.stages.check._depth import dark
from detector.terms import SPLITS

NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Observation:
    """What a rule found: the number that is held against its limit, and where.

    `images` and `objects` are rows of the version's tables; `details` name what has no row, a class or a lost image.
    """

    number: float
    images: Ints = field(default_factory=lambda: NONE)
    objects: Ints = field(default_factory=lambda: NONE)
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Tables:
    """A version as the rules see it. `present` are the picture files on disk, as `<split>/<name>`.

    Of those, `dark` have 16 bits and leave the upper ones empty.
    """

    images: pa.Table
    instances: pa.Table
    classes: list[str]
    excluded: dict[str, list[dict[str, Any]]]
    present: Collection[str]
    dark: Collection[str] = ()

    @cached_property
    def included(self) -> Ints:
        """Rows of the images that are in the version."""
        return _rows(pc.is_valid(self.images["file"]))

    @cached_property
    def splits(self) -> Ints:
        """For each image, the number of its split in SPLITS; -1 when excluded."""
        numbers = pc.index_in(self.images["split"], pa.array(SPLITS))
        return np.asarray(numbers.fill_null(-1).to_numpy(), np.int64)

    @cached_property
    def boxes(self) -> Floats:
        """Normalised centre boxes (n, 4)."""
        return np.stack([self.instances[name].to_numpy() for name in ("x", "y", "width", "height")], axis=1)

    @cached_property
    def sides(self) -> Floats:
        """Width and height (n, 2) of each object in pixels of its own image."""
        return self.boxes[:, 2:] * self.sizes

    @cached_property
    def sizes(self) -> Floats:
        """Width and height (n, 2) of each object's image in pixels."""
        sizes = np.stack([self.images[name].to_numpy(zero_copy_only=False) for name in ("width", "height")], axis=1)
        return sizes[self.image].astype(np.float64)

    @cached_property
    def image(self) -> Ints:
        """For each object, its row in images."""
        return np.asarray(self.instances["image"].to_numpy(), np.int64)

    @cached_property
    def class_ids(self) -> Ints:
        """For each object, the row of its class."""
        return np.asarray(self.instances["class_id"].to_numpy(), np.int64)

    @cached_property
    def polygons(self) -> tuple[Ints, Outlines]:
        """The rows that have an outline, and the outlines."""
        rows = _rows(pc.is_valid(self.instances["polygon"]))
        lists = self.instances["polygon"].take(pa.array(rows)).combine_chunks()
        lengths = lists.value_lengths().to_numpy(zero_copy_only=False) // 2
        points = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, 2)
        return rows, Outlines(points, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))

    def counts(self, split: int) -> Ints:
        """Objects of each class in a split, shape (classes,)."""
        known = (self.class_ids >= 0) & (self.class_ids < len(self.classes))
        inside = known & (self.splits[self.image] == split)
        return np.bincount(self.class_ids[inside], minlength=len(self.classes))


def _rows(mask: pa.ChunkedArray) -> Ints:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False)).astype(np.int64)


def tables_of(dataset: Dataset) -> Tables:
    """A version, read for the rules."""
    present = {
        f"{file.parent.name}/{file.name}" for file in (dataset.folder / "images").glob("*/*") if file.stat().st_size
    }
    excluded = dataset.conversion["excluded"]
    deep = set(dark(dataset.folder / "images", present))
    return Tables(dataset.images, dataset.instances, dataset.classes, excluded, present, deep)
