"""How a region becomes a row: the pure part of a conversion."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from detector.data import annotations, losses
from detector.data.annotations import Annotations
from detector.data.geometry import Bools, Floats, Ints, centre_boxes, offsets_of
from detector.data.losses import Loss
from detector.stages.convert._labels import classify, several
from detector.stages.convert._rows import first_of_each, numbers
from detector.stages.convert._shapes import SHAPE_COLUMNS, shapes

Noted = tuple[str, Ints]  # a reason, and rows of regions


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


def convert(drawn: Annotations, classes: Mapping[str, tuple[str, ...]], segment: bool) -> tuple[Objects, pa.Table]:
    """Every region as an object, and a table of those that were lost or changed. All labels are in `classes`."""
    image = drawn.regions["image"].to_numpy().astype(np.int64)
    task_ids = drawn.images["task_id"].to_numpy()[image]
    lost_labels: list[Loss] = []
    labelled = classify(drawn.regions, task_ids, classes, lost_labels)
    usable = np.flatnonzero(np.bincount(labelled.rows, minlength=len(image)))
    sizes = np.stack([drawn.images[side].to_numpy() for side in ("width", "height")], axis=1).astype(float)[image]
    drawn_shapes = drawn.regions.select(SHAPE_COLUMNS)
    outlined = shapes(drawn_shapes if len(usable) == len(image) else drawn_shapes.take(usable), sizes[usable], segment)
    place = np.full(len(image), -1)
    place[usable[outlined.rows]] = np.arange(len(outlined.rows))
    shape = place[labelled.rows]
    region, class_ids, shape = labelled.rows[shape >= 0], labelled.class_ids[shape >= 0], shape[shape >= 0]
    order = np.argsort(image[region], kind="stable")
    region, class_ids, shape = region[order], class_ids[order], shape[order]
    boxes = centre_boxes(outlined.boxes[shape])
    written, offsets = numbers(boxes, outlined.outlines.take(shape) if outlined.outlines else None)
    first = first_of_each(image[region], class_ids, written, offsets)
    dropped = [
        *((why, usable[rows]) for why, rows in outlined.dropped.items()),
        ("duplicate", np.setdiff1d(region[~first], region[first])),
    ]
    changed = _still_there(((why, usable[rows]) for why, rows in outlined.changed.items()), dropped)
    noted = [*(("dropped", *note) for note in dropped), *(("changed", *note) for note in changed)]
    lost = [
        losses.table(lost_labels),
        several(drawn.regions, task_ids, np.concatenate([rows for _, rows in dropped])),
        *(_lost(drawn, task_ids, *note) for note in noted if len(note[-1])),
    ]
    objects = Objects(image[region], region, class_ids, boxes, written, offsets)
    return (objects if first.all() else _only(objects, first)), pa.concat_tables(lost)


def _still_there(changed: Iterable[Noted], dropped: Iterable[Noted]) -> list[Noted]:
    """What was changed, without the rows that were dropped afterwards: a region is counted once."""
    gone = np.concatenate([rows for _, rows in dropped])
    return [(why, rows[~np.isin(rows, gone)] if len(gone) else rows) for why, rows in changed]


def _only(objects: Objects, kept: Bools) -> Objects:
    lengths = np.diff(objects.offsets)
    return Objects(
        objects.image[kept],
        objects.region[kept],
        objects.class_ids[kept],
        objects.boxes[kept],
        objects.numbers[np.repeat(kept, lengths)],
        offsets_of(lengths[kept]),
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
