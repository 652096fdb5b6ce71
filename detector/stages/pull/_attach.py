"""What every source does at the end: give the images their pixels, list what failed, write the tables."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import losses
from detector.data.annotations import IMAGES, TABLES, Annotations
from detector.data.discreet import discreet
from detector.data.geometry import Ints
from detector.data.images import Pixels
from detector.data.ingested import Means, ingest_once
from detector.data.losses import Loss
from detector.data.places import STORE
from detector.stages import Job, Result
from detector.stages.pull._changes import changes
from detector.system.files import digest, scratch_folder

_OF_FILES = [IMAGES.field(name) for name in Pixels._fields if name in IMAGES.names]
_NOTED = [("transposed", pa.bool_()), ("problem", pa.string()), ("detail", pa.string())]
_PIXELS = pa.schema([("row", pa.int64()), *_OF_FILES, *_NOTED])  # each with its row in images


def wanted(annotations: Annotations) -> list[int]:
    """The rows of `images` whose pixels are needed."""
    return [int(row) for row in np.flatnonzero(pc.not_equal(annotations.images["status"], "excluded").to_numpy())]


def taken_in(files: Sequence[Path | None], job: Job[Any]) -> list[Pixels]:
    """What each picture file is, once it is in the store; None stands for a file that was not found."""
    return ingest_once(files, job.datasets / STORE, Means(job.report.progress, job.shards, job.forced))


def attach(annotations: Annotations, pixels: Mapping[int, Pixels]) -> Annotations:
    """Fill in sha256, extension, width and height; exclude images that can't be used, and list them.

    `pixels` has an entry for each row of `wanted`. An image whose size is not the one that was annotated is excluded:
    percent of another picture mean other places.
    """
    images, of_files = annotations.images, _table(pixels)
    bad = _unusable(of_files) | _other_size(annotations.regions, of_files)
    task_ids = images["task_id"].to_numpy()
    of_images = [Loss("excluded", "image", why, int(task_ids[row]), None, detail) for row, (why, detail) in bad.items()]
    turned = of_files["row"].filter(of_files["transposed"]).to_pylist()
    of_images += [Loss("changed", "image", "transposed", int(task_ids[row])) for row in turned if row not in bad]
    regions, dropped = _without(annotations.regions, bad, task_ids)
    lost = pa.concat_tables([annotations.losses, losses.table(of_images + dropped)])
    return replace(annotations, images=_filled(images, of_files, list(bad)), regions=regions, losses=lost)


def _table(pixels: Mapping[int, Pixels]) -> pa.Table:
    """What `pixels` has: a row of images, and what is known of its file."""
    columns = {name: [known[at] for known in pixels.values()] for at, name in enumerate(Pixels._fields)}
    return pa.table({"row": [*pixels], **columns}, _PIXELS)


def _unusable(of_files: pa.Table) -> dict[int, tuple[str, str | None]]:
    """Images that can't be used: row → a reason, and what there is to say."""
    problems = of_files.filter(pc.is_valid(of_files["problem"])).to_pylist()
    return {problem["row"]: (problem["problem"], problem["detail"]) for problem in problems}


def _filled(images: pa.Table, of_files: pa.Table, bad: list[int]) -> pa.Table:
    """The images, with what is known of their files; those without, and the bad ones, are excluded."""
    place = np.full(images.num_rows, -1)
    place[of_files["row"]] = np.arange(of_files.num_rows)
    place[bad] = -1
    positions = pa.array(place, mask=place < 0)
    columns = {field.name: of_files[field.name].take(positions) for field in _OF_FILES}
    columns["status"] = pc.if_else(positions.is_valid(), images["status"], "excluded")
    return pa.table([columns.get(name, images[name]) for name in IMAGES.names], IMAGES)


def _other_size(regions: pa.Table, of_files: pa.Table) -> dict[int, tuple[str, str | None]]:
    """Images whose regions were drawn on a picture of another size; regions that don't say are believed."""
    image, rows = regions["image"].to_numpy(), of_files["row"].to_numpy()
    sizes = np.zeros((2, max(image.max(initial=0), rows.max(initial=0)) + 1), np.int32)
    sizes[:, rows] = of_files["width"], of_files["height"]
    drawn = [regions[f"original_{side}"].fill_null(0).to_numpy() for side in ("width", "height")]
    others = np.flatnonzero((drawn[0] != sizes[0][image]) | (drawn[1] != sizes[1][image]))
    annotated, actual = np.stack([side[others] for side in drawn]), sizes[:, image[others]]
    known = (annotated > 0).all(axis=0) & (actual > 0).all(axis=0)
    return {
        int(image[others[at]]): (
            "size_differs",
            f"annotated at {annotated[0, at]} x {annotated[1, at]}, is {actual[0, at]} x {actual[1, at]}",
        )
        for at in np.flatnonzero(known)[::-1]
    }


def _without(regions: pa.Table, bad: Mapping[int, object], task_ids: Ints) -> tuple[pa.Table, list[Loss]]:
    """The regions on good images, and a loss for each of the others."""
    if not bad:
        return regions, []
    on_bad = pc.is_in(regions["image"], pa.array(list(bad), pa.int32()))
    lost = regions.filter(on_bad)
    rows = zip(lost["image"].to_pylist(), lost["region_id"].to_pylist(), strict=True)
    dropped = [Loss("dropped", "region", "excluded_image", int(task_ids[image]), region) for image, region in rows]
    return regions.filter(pc.invert(on_bad)), dropped


def finish(annotations: Annotations, job: Job[Any], source: str, notes: Sequence[str] = (), *, ids: bool) -> Result:
    """Write the tables below datasets/pulled under their content's name, whole or not at all, and without secrets.

    `ids` tells whether tasks have ids that stay; where they have none, a task is its picture's file.
    """
    annotations, datasets = discreet(annotations), job.datasets
    with scratch_folder(datasets / "pulled") as scratch, ThreadPoolExecutor() as pool:
        content = "".join(pool.map(lambda name: digest(annotations.write(name, scratch)), TABLES))
        folder = datasets / "pulled" / hashlib.sha256(content.encode()).hexdigest()[:12]
        folder.mkdir(exist_ok=True)
        for name in TABLES:  # also over those of the same content that somebody has changed
            (scratch / f"{name}.arrow").replace(folder / f"{name}.arrow")
    images, regions = annotations.images, annotations.regions
    counts = changes(job.before.path if job.before else None, annotations, "task_id" if ids else "source")
    tasks = pc.count_distinct(images["task_id"]).as_py()
    excluded = pc.sum(pc.equal(images["status"], "excluded")).as_py() or 0
    return Result(
        folder,
        folder.name,
        f"{tasks:,} tasks, {images.num_rows - excluded:,} images, {regions.num_rows:,} regions from {source}",
        {"tasks": tasks, "images": images.num_rows - excluded, "regions": regions.num_rows, "excluded": excluded},
        notes=[*notes],
        images=images.num_rows - excluded,
        changes=counts,
    )
