"""How a region becomes a row: the pure part of a conversion, and the tables of a dataset version."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector import annotations, dataset, losses
from detector.annotations import Annotations
from detector.errors import UsageError
from detector.geometry import Bools, Floats, Ints, centre_boxes
from detector.losses import Loss
from detector.stages import Job, Result
from detector.stages.convert import _account
from detector.stages.convert._identity import label_files
from detector.stages.convert._labels import classify
from detector.stages.convert._names import stems
from detector.stages.convert._publish import publish
from detector.stages.convert._rows import UNIT, first_of_each, numbers, text
from detector.stages.convert._shapes import SHAPE_COLUMNS, shapes
from detector.stages.convert._split import assign
from detector.stages.convert.yolo import Options, Split


class Objects(NamedTuple):
    """What survived, sorted by image: rows of image and region, class ids (n,), boxes (n, 4) as a YOLO row has them.

    `numbers` (m,) are what the label file says of each, in millionths; object i has offsets[i] to offsets[i + 1].
    """

    image: Ints
    region: Ints
    class_ids: Ints
    boxes: Floats
    numbers: Ints
    offsets: Ints


def to_version(job: Job[Options]) -> Result:
    """Convert what was pulled, and publish it as a dataset version."""
    drawn, segment = annotations.read(job.inputs["pull"].path), job.pipeline.task == "segment"
    if segment and job.options.boxes == "fail":
        _refuse_boxes(drawn)
    objects, lost = convert(drawn, job.pipeline.classes, job.options.several_labels, segment)
    with ThreadPoolExecutor(1) as beside:  # NumPy works without the interpreter's lock
        rows = beside.submit(text, objects.class_ids, objects.numbers, objects.offsets)
        images, alone = include(drawn.images, objects, job.options.split)
        instances = instance_table(objects, drawn, segment)
        every_loss = pa.concat_tables([drawn.losses, *lost, alone])
        done = _account.account(job.pipeline.task, list(job.pipeline.classes), images, instances, every_loss)
    included = np.flatnonzero(pc.is_valid(images["file"]).to_numpy())
    return publish(job, images, instances, label_files(rows.result(), objects.image, included), done)


def _refuse_boxes(drawn: Annotations) -> None:
    boxes = drawn.regions.filter(pc.equal(drawn.regions["type"], "rectangle"))
    if boxes.num_rows:
        tasks = drawn.images["task_id"].take(boxes["image"]).unique().to_pylist()
        raise UsageError(
            f"{boxes.num_rows:,} regions are rectangles (tasks {', '.join(map(str, tasks[:5]))}), and convert.boxes is"
            " `fail`; outline them in Label Studio, or set convert.boxes: polygon to take their corners"
        )


def convert(
    drawn: Annotations, classes: Mapping[str, tuple[str, ...]], several: str, segment: bool
) -> tuple[Objects, list[pa.Table]]:
    """The pure part: every region as an object, and a table for each way in which some were lost or changed."""
    image = drawn.regions["image"].to_numpy().astype(np.int64)
    task_ids = drawn.images["task_id"].to_numpy()[image]
    found: list[Loss] = []
    labelled = classify(drawn.regions, task_ids, classes, several, found)
    usable = np.flatnonzero(np.bincount(labelled.rows, minlength=len(image)))
    sizes = np.stack([drawn.images[side].to_numpy()[image] for side in ("width", "height")], axis=1).astype(float)
    drawn_shapes = drawn.regions.select(SHAPE_COLUMNS)
    made = shapes(drawn_shapes if len(usable) == len(image) else drawn_shapes.take(usable), sizes[usable], segment)
    place = np.full(len(image), -1)
    place[usable[made.rows]] = np.arange(len(made.rows))
    shape = place[labelled.rows]
    region, class_ids, shape = labelled.rows[shape >= 0], labelled.class_ids[shape >= 0], shape[shape >= 0]
    order = np.argsort(image[region], kind="stable")
    region, class_ids, shape = region[order], class_ids[order], shape[order]
    boxes = centre_boxes(made.boxes[shape])
    written, offsets = numbers(boxes, made.outlines.take(shape) if made.outlines else None)
    first = first_of_each(image[region], class_ids, written, offsets)
    noted = [
        (action, why, usable[rows]) for action in ("dropped", "changed") for why, rows in getattr(made, action).items()
    ]
    noted.append(("dropped", "duplicate", region[~first]))
    lost = [losses.table(found), *(_lost(drawn, task_ids, *note) for note in noted)]
    objects = Objects(image[region], region, class_ids, boxes, written, offsets)
    return (objects if first.all() else _only(objects, first)), lost


def _only(objects: Objects, kept: Bools) -> Objects:
    lengths = np.diff(objects.offsets)
    offsets = np.concatenate([[0], np.cumsum(lengths[kept])])
    return Objects(
        objects.image[kept],
        objects.region[kept],
        objects.class_ids[kept],
        objects.boxes[kept],
        objects.numbers[np.repeat(kept, lengths)],
        offsets,
    )


def _lost(drawn: Annotations, task_ids: Ints, action: str, reason: str, rows: Ints) -> pa.Table:
    """Losses of one kind as a table, without an object for each."""
    count = len(rows)
    columns = [
        *(pa.repeat(word, count) for word in (action, "region", reason)),
        pa.array(task_ids[rows]),
        drawn.regions["region_id"].combine_chunks().take(pa.array(rows)),
        pa.nulls(count, pa.string()),
    ]
    return pa.table(columns, annotations.LOSSES)


def include(images: pa.Table, objects: Objects, split: Split) -> tuple[pa.Table, pa.Table]:
    """The version's images table, with the excluded ones; and the losses of images that have nothing left."""
    counts = np.bincount(objects.image, minlength=images.num_rows)
    status = np.asarray(images["status"].to_pylist(), object)
    nothing_left = (status == "annotated") & (counts == 0)
    alone = [
        Loss("excluded", "image", "nothing_left", task) for task in images["task_id"].filter(nothing_left).to_pylist()
    ]
    status[nothing_left] = "excluded"
    taken = np.flatnonzero(status != "excluded")
    chosen = images.take(taken)
    splits = assign(chosen, split)
    names = stems(*(chosen[column].to_pylist() for column in ("task_id", "field", "source")))
    files = [
        f"{part}/{name}{end}" for part, name, end in zip(splits, names, chosen["extension"].to_pylist(), strict=True)
    ]
    columns = {name: images[name] for name in dataset.IMAGES.names if name in images.column_names}
    columns |= {
        "file": _at(taken, files, len(status)),
        "split": _at(taken, splits, len(status)),
        "status": pa.array(status),
    }
    return pa.table({name: columns[name] for name in dataset.IMAGES.names}, dataset.IMAGES), losses.table(alone)


def _at(rows: Ints, values: list[str], count: int) -> pa.Array:
    """`values` at `rows` of a column of `count`, null elsewhere."""
    column = np.full(count, None, object)
    column[rows] = values
    return pa.array(column, pa.string())


def instance_table(objects: Objects, drawn: Annotations, segment: bool) -> pa.Table:
    """The version's instances table, in the order of the label files."""
    regions = drawn.regions.select(["region_id", "annotator"])
    if not np.array_equal(objects.region, np.arange(regions.num_rows)):
        regions = regions.combine_chunks().take(objects.region)
    polygon = pa.ListArray.from_arrays(pa.array(objects.offsets.astype(np.int32)), pa.array(objects.numbers / UNIT))
    columns = {
        "image": pa.array(objects.image.astype(np.int32)),
        "task_id": drawn.images["task_id"].take(objects.image),
        "region_id": regions["region_id"],
        "annotator": regions["annotator"],
        "class_id": pa.array(objects.class_ids.astype(np.int32)),
        **{name: pa.array(objects.boxes[:, at]) for at, name in enumerate(("x", "y", "width", "height"))},
        "polygon": polygon if segment else pa.nulls(len(objects.image), pa.list_(pa.float64())),
    }
    return pa.table(columns, dataset.INSTANCES)
