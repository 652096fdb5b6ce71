"""What every source does at the end: give the images their pixels, list what failed, write the tables."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector import losses
from detector.annotations import Annotations
from detector.files import digest, scratch_folder
from detector.geometry import Ints
from detector.images import Pixels
from detector.losses import Loss
from detector.stages import Result


def wanted(annotations: Annotations) -> list[int]:
    """The rows of `images` whose pixels are needed."""
    return [int(row) for row in np.flatnonzero(pc.not_equal(annotations.images["status"], "excluded").to_numpy())]


def attach(annotations: Annotations, pixels: Mapping[int, Pixels]) -> Annotations:
    """Fill in sha256, extension, width and height; exclude images that can't be used, and list them.

    `pixels` has an entry for each row of `wanted`. An image whose size is not the one that was annotated is excluded:
    percent of another picture mean other places.
    """
    images, rows, got = annotations.images, np.array([*pixels], np.int64), _columns(pixels)
    task_ids = images["task_id"].to_pylist()
    bad = {row: (why, detail) for row, why, detail in zip(pixels, got["problem"], got["detail"], strict=True) if why}
    bad |= _other_size(annotations.regions, rows, got)
    found = [Loss("excluded", "image", str(why), task_ids[row], None, detail) for row, (why, detail) in bad.items()]
    turned = [row for row, transposed in zip(pixels, got["transposed"], strict=True) if transposed]
    found += [Loss("changed", "image", "transposed", task_ids[row]) for row in turned]
    regions, dropped = _without(annotations.regions, bad, task_ids)
    is_bad = np.zeros(images.num_rows, bool)
    is_bad[list(bad)] = True
    images = _with(images, "status", pc.if_else(pa.array(is_bad), "excluded", images["status"]))
    for column in ("sha256", "extension", "width", "height"):
        values = np.full(images.num_rows, None, object)
        values[rows] = np.array(got[column], object)
        values[is_bad] = None
        images = _with(images, column, values)
    return Annotations(images, regions, pa.concat_tables([annotations.losses, losses.table(found + dropped)]))


def _columns(pixels: Mapping[int, Pixels]) -> dict[str, Sequence[Any]]:
    """What `pixels` has, a field of all at a time."""
    columns = list(zip(*pixels.values(), strict=True)) or [()] * len(Pixels._fields)
    return dict(zip(Pixels._fields, columns, strict=True))


def _with(images: pa.Table, column: str, values: Any) -> pa.Table:
    at = images.schema.get_field_index(column)
    field = images.schema.field(at)
    return images.set_column(at, field, values if isinstance(values, pa.ChunkedArray) else pa.array(values, field.type))


def _other_size(regions: pa.Table, rows: Ints, got: Mapping[str, Sequence[Any]]) -> dict[int, tuple[str, str]]:
    """Images whose regions were drawn on a picture of another size; regions that don't say are believed."""
    image = regions["image"].to_numpy()
    drawn = [regions[f"original_{side}"].fill_null(0).to_numpy() for side in ("width", "height")]
    table = np.zeros((2, max(image.max(initial=0), rows.max(initial=0)) + 1), np.int32)
    table[:, rows] = got["width"], got["height"]
    found = [sizes[image] for sizes in table]
    known = np.logical_and.reduce([side > 0 for side in (*drawn, *found)])
    wrong = np.flatnonzero(known & ((drawn[0] != found[0]) | (drawn[1] != found[1])))
    return {
        int(image[at]): (
            "size_differs",
            f"annotated at {drawn[0][at]} x {drawn[1][at]}, is {found[0][at]} x {found[1][at]}",
        )
        for at in wrong[::-1]
    }


def _without(regions: pa.Table, bad: Mapping[int, object], task_ids: list[int]) -> tuple[pa.Table, list[Loss]]:
    """The regions on good images, and a loss for each of the others."""
    if not bad:
        return regions, []
    on_bad = pc.is_in(regions["image"], pa.array(list(bad), pa.int32()))
    lost = regions.filter(on_bad)
    rows = zip(lost["image"].to_pylist(), lost["region_id"].to_pylist(), strict=True)
    dropped = [Loss("dropped", "region", "excluded_image", task_ids[image], region) for image, region in rows]
    return regions.filter(pc.invert(on_bad)), dropped


def finish(annotations: Annotations, datasets: Path, source: str) -> Result:
    """Write the tables below `datasets`/pulled under their content's name, whole or not at all."""
    with scratch_folder(datasets / "pulled") as scratch:
        annotations.write(scratch)
        content = "".join(digest(file) for file in sorted(scratch.iterdir()))
        folder = datasets / "pulled" / hashlib.sha256(content.encode()).hexdigest()[:12]
        if not folder.exists():
            scratch.rename(folder)
    images, regions = annotations.images, annotations.regions
    tasks = pc.count_distinct(images["task_id"]).as_py()
    excluded = pc.sum(pc.equal(images["status"], "excluded")).as_py() or 0
    return Result(
        folder,
        folder.name,
        f"{tasks:,} tasks, {images.num_rows - excluded:,} images, {regions.num_rows:,} regions from {source}",
        {"tasks": tasks, "images": images.num_rows - excluded, "regions": regions.num_rows, "excluded": excluded},
        images=images.num_rows - excluded,
    )
