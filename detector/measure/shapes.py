"""Objects and predictions of one split as columns, in pixels: what COCO's rules are applied to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from detector.data.geometry import Floats, Ints
from detector.data.raster import raster
from detector.measure.outlines import corners

Kind = Literal["bbox", "segm"]  # what is compared: boxes or masks
Rle = dict[str, Any]  # COCO's run-length code: {"size": [height, width], "counts": bytes}


def kind_of(task: str) -> Kind:
    """What is compared where a network does `task`."""
    return "segm" if task == "segment" else "bbox"


@dataclass(frozen=True)
class Shapes:
    """N objects or predictions, in the order of their images.

    image (N,): position among the split's images; class_id (N,); boxes (N, 4): left, top, width, height in pixels of
    the picture; areas (N,): square pixels of the picture, of the mask where there is one; scores (N,): of predictions,
    ones for objects; masks: run-length codes, where the task is to segment.
    """

    image: Ints
    class_id: Ints
    boxes: Floats
    areas: Floats
    scores: Floats
    masks: Sequence[Rle] | None = None

    def __len__(self) -> int:
        return len(self.image)

    def take(self, rows: Ints) -> "Shapes":
        """Those of `rows`, in that order."""
        masks = self.masks if self.masks is None else [self.masks[row] for row in rows]
        return Shapes(
            self.image[rows], self.class_id[rows], self.boxes[rows], self.areas[rows], self.scores[rows], masks
        )


@dataclass(frozen=True)
class Compared:
    """The objects and the predictions on so many images, of these classes."""

    truth: Shapes
    seen: Shapes
    images: int
    classes: Sequence[str]

    def objects_by_class(self) -> list[Ints]:
        """For each class, how many of its objects each image has, shape (images,)."""
        image, label = self.truth.image, self.truth.class_id
        return [np.bincount(image[label == each], minlength=self.images) for each in range(len(self.classes))]


def columns(table: pa.Table, sizes: Floats, masks: Sequence[Rle] | None) -> Shapes:
    """Shapes of a table with `image`, `class_id`, a normalised centre box and, of predictions, `score`.

    `sizes` (images, 2): width and height in pixels. `masks`: one for each row, or None.
    """
    image = table["image"].to_numpy().astype(np.int64)
    centre, size = (_pair(table, names) * sizes[image] for names in (("x", "y"), ("width", "height")))
    scores = table["score"].to_numpy() if "score" in table.column_names else np.ones(table.num_rows)
    areas = size.prod(axis=1) if masks is None else _areas(masks, sizes[image])
    return Shapes(
        image, table["class_id"].to_numpy().astype(np.int64), np.hstack([centre - size / 2, size]), areas, scores, masks
    )


def outlined(table: pa.Table, sizes: Floats) -> list[Rle]:
    """The masks of rows with a polygon (normalised x0 y0 x1 y1 …); a row without one is its box."""
    from faster_coco_eval import mask

    rasters = [raster(int(width), int(height)) for width, height in sizes]
    codes: list[Rle] = []
    for row in table.select(["image", "x", "y", "width", "height", "polygon"]).to_pylist():
        height, width = rasters[row["image"]]
        points = row["polygon"] or corners(row["x"], row["y"], row["width"], row["height"])
        scaled = np.asarray(points, np.float64) * np.tile((width, height), len(points) // 2)
        codes.append(mask.frPyObjects([scaled.tolist()], height, width)[0])
    return codes


def restored(codes: Sequence[bytes], image: Ints, sizes: Floats) -> list[Rle]:
    """The masks whose codes a table holds."""
    rasters = [list(raster(int(width), int(height))) for width, height in sizes]
    return [{"size": rasters[at], "counts": code} for at, code in zip(image.tolist(), codes, strict=True)]


def _pair(table: pa.Table, names: Sequence[str]) -> Floats:
    return np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.float64)


def _areas(masks: Sequence[Mapping[str, Any]], sizes: Floats) -> Floats:
    """Square pixels of the picture that each mask covers."""
    from faster_coco_eval import mask

    covered = np.asarray(mask.area(list(masks)), np.float64) if masks else np.empty(0)
    rasters = np.array([each["size"] for each in masks], np.float64).reshape(-1, 2)
    areas: Floats = covered * sizes.prod(axis=1) / rasters.prod(axis=1)
    return areas
