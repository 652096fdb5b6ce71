"""The two tables of a dataset version: which images are in it, under which names, and which objects are on them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import dataset, losses
from detector.data.annotations import Annotations
from detector.data.geometry import Ints
from detector.data.losses import Loss
from detector.stages.convert._convert import Objects
from detector.stages.convert._names import stems
from detector.stages.convert._options import Split
from detector.stages.convert._rows import UNIT
from detector.stages.convert._split import assign, groups


class Included(NamedTuple):
    """For each image: its file, its split and its group, null when it is left out, and its status."""

    file: pa.Array
    split: pa.Array
    group: pa.Array
    status: pa.Array


def include(images: pa.Table, objects: Objects, split: Split) -> tuple[Included, pa.Table]:
    """Which images are in the version; and the losses of those that have nothing left."""
    counts = np.bincount(objects.image, minlength=images.num_rows)
    nothing_left = pc.and_(pc.equal(images["status"], "annotated"), pa.array(counts == 0))
    alone = [
        Loss("excluded", "image", "nothing_left", task) for task in images["task_id"].filter(nothing_left).to_pylist()
    ]
    status = pc.if_else(nothing_left, "excluded", images["status"]).combine_chunks()
    taken = np.flatnonzero(pc.not_equal(status, "excluded").to_numpy(zero_copy_only=False))
    chosen = images if len(taken) == images.num_rows else images.take(taken)
    splits = assign(chosen, split)
    names = stems(*(chosen[column].to_pylist() for column in ("task_id", "field", "source")))
    files = [
        f"{part}/{name}{end}" for part, name, end in zip(splits, names, chosen["extension"].to_pylist(), strict=True)
    ]
    together = groups(chosen, split)
    group = pa.nulls(len(status), pa.string()) if together is None else _at(taken, together, len(status))
    file, assigned = (_at(taken, each, len(status)) for each in (files, splits))
    return Included(file, assigned, group, status), losses.table(alone)


def _at(rows: Ints, values: Sequence[str | None], count: int) -> pa.Array:
    """`values` at `rows` of a column of `count`, null elsewhere."""
    column = np.full(count, None, object)
    column[rows] = values
    return pa.array(column, pa.string())


def image_table(images: pa.Table, parts: Sequence[Included], txt_sha256: pa.Array) -> pa.Table:
    """The version's images table, with the excluded ones; `txt_sha256` are of the others, in their order."""
    columns = {name: images[name] for name in dataset.IMAGES.names if name in images.column_names}
    columns |= {name: pa.chunked_array([getattr(part, name) for part in parts]) for name in Included._fields}
    columns["txt_sha256"] = _of_included(columns["file"], txt_sha256)
    return pa.table({name: columns[name] for name in dataset.IMAGES.names}, dataset.IMAGES)


def _of_included(file: pa.ChunkedArray, values: pa.Array) -> pa.Array:
    """The values at the rows that have a file; nulls elsewhere."""
    is_in = file.is_valid().to_numpy()
    at = np.cumsum(is_in) - 1
    return values.take(pa.array(at, mask=~is_in))


def instance_table(objects: Objects, drawn: Annotations, ahead: int, segment: bool) -> pa.Table:
    """A part of the version's instances table, in the order of the label files; `ahead` are the images before it."""
    regions = drawn.regions.select(["region_id", "annotator"])
    if not np.array_equal(objects.region, np.arange(regions.num_rows)):
        regions = regions.combine_chunks().take(objects.region)
    polygon = pa.ListArray.from_arrays(pa.array(objects.offsets.astype(np.int32)), pa.array(objects.numbers / UNIT))
    columns = {
        "image": pa.array((objects.image + ahead).astype(np.int32)),
        "task_id": drawn.images["task_id"].take(objects.image),
        "region_id": regions["region_id"],
        "annotator": regions["annotator"],
        "class_id": pa.array(objects.class_ids.astype(np.int32)),
        **{name: pa.array(objects.boxes[:, at]) for at, name in enumerate(("x", "y", "width", "height"))},
        "polygon": polygon if segment else pa.nulls(len(objects.image), pa.list_(pa.float64())),
    }
    return pa.table(columns, dataset.INSTANCES)
