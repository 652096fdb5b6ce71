"""What every source does at the end: give the images their pixels, list what failed, write the tables."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector import losses
from detector.annotations import Annotations
from detector.files import scratch_folder
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
    images = annotations.images
    task_ids = images["task_id"].to_pylist()
    bad = {row: (entry.problem, entry.detail) for row, entry in pixels.items() if entry.problem}
    bad |= _other_size(annotations.regions, pixels)
    found = [Loss("excluded", "image", str(why), task_ids[row], None, detail) for row, (why, detail) in bad.items()]
    found += [Loss("changed", "image", "transposed", task_ids[row]) for row, got in pixels.items() if got.transposed]
    regions, dropped = _without(annotations.regions, bad, task_ids)
    status = ["excluded" if row in bad else status for row, status in enumerate(images["status"].to_pylist())]
    images = _with(images, "status", status)
    rows = (pixels[row][:4] if row in pixels and row not in bad else [None] * 4 for row in range(images.num_rows))
    for column, values in zip(("sha256", "extension", "width", "height"), zip(*rows, strict=True), strict=False):
        images = _with(images, column, values)
    return Annotations(images, regions, pa.concat_tables([annotations.losses, losses.table(found + dropped)]))


def _with(images: pa.Table, column: str, values: Sequence[object]) -> pa.Table:
    at = images.schema.get_field_index(column)
    return images.set_column(at, images.schema.field(at), pa.array(values, images.schema.field(at).type))


def _other_size(regions: pa.Table, pixels: Mapping[int, Pixels]) -> dict[int, tuple[str, str]]:
    """Images whose regions were drawn on a picture of another size; regions that don't say are believed."""
    image = regions["image"].to_numpy()
    drawn = [regions[f"original_{side}"].fill_null(0).to_numpy() for side in ("width", "height")]
    table = np.zeros((2, max(int(image.max(initial=0)), *pixels, 0) + 1), np.int32)
    table[:, list(pixels)] = [[got.width for got in pixels.values()], [got.height for got in pixels.values()]]
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
        content = hashlib.sha256()
        for file in sorted(scratch.iterdir()):
            with pa.memory_map(str(file)) as mapped:
                content.update(mapped.read_buffer())
        folder = datasets / "pulled" / content.hexdigest()[:12]
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
