"""Labels that pipeline.yaml leaves out: what has one is as if it had never been drawn, and is counted.

They are an option of `convert` rather than a class: `classes` says what a model learns, and other conversions of the
same annotations may leave out other labels. A picture with nothing but such labels was looked at by somebody, who drew
none of the classes on it: it is a background.
"""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import losses
from detector.data.annotations import IMAGES, REGIONS, Annotations
from detector.data.geometry import Bools, Ints
from detector.data.losses import Loss

_DOUBTFUL = ("unreadable", "other_control", "no_consensus")  # of a task that has one, no picture becomes a background


def leave_out(drawn: Annotations, names: Collection[str]) -> Annotations:
    """The annotations without the labels `names`, and without the regions that have no other."""
    if not names:
        return drawn
    labels = drawn.regions["labels"].combine_chunks()
    counts = np.diff(labels.offsets.to_numpy().astype(np.int64))
    row = np.repeat(np.arange(len(labels)), counts)
    out = pc.is_in(labels.flatten(), pa.array(list(names), pa.string())).to_numpy(zero_copy_only=False)
    left = np.bincount(row[~out], minlength=len(labels))
    gone, shorter = (counts > 0) & (left == 0), (left > 0) & (left < counts)
    lost = pa.concat_tables([drawn.losses, losses.table(_losses(drawn, gone, shorter))])
    offsets = np.concatenate([[0], np.cumsum(left)]).astype(np.int32)
    column = pa.ListArray.from_arrays(pa.array(offsets), labels.flatten().filter(pa.array(~out)))
    regions = drawn.regions.set_column(REGIONS.get_field_index("labels"), REGIONS.field("labels"), column)
    return Annotations(_backgrounds(drawn, gone), regions.filter(pa.array(~gone)), lost)


def _losses(drawn: Annotations, gone: Bools, shorter: Bools) -> list[Loss]:
    lost = []
    for action, reason, flags in (("dropped", "left_out", gone), ("changed", "label_left_out", shorter)):
        rows: Ints = np.flatnonzero(flags)
        taken = drawn.regions.select(["image", "region_id", "labels"]).take(rows)
        image, name, labels = (taken[column].to_pylist() for column in taken.column_names)
        tasks = drawn.images["task_id"].take(pa.array(image, pa.int32())).to_pylist()
        lost += [
            Loss(action, "region", reason, task, each, ", ".join(words))
            for task, each, words in zip(tasks, name, labels, strict=True)
        ]
    return lost


def _backgrounds(drawn: Annotations, gone: Bools) -> pa.Table:
    """The images, of which those that had nothing but what is gone are backgrounds."""
    images, image = drawn.images, drawn.regions["image"].to_numpy()
    bare = np.isin(np.arange(images.num_rows), image[gone]) & ~np.isin(np.arange(images.num_rows), image[~gone])
    lost = drawn.losses.filter(pc.is_in(drawn.losses["reason"], pa.array(_DOUBTFUL)))
    sure = ~pc.is_in(images["task_id"], lost["task_id"].combine_chunks()).to_numpy()
    status = pc.if_else(pa.array(bare & sure), "background", images["status"])
    return images.set_column(IMAGES.get_field_index("status"), IMAGES.field("status"), status)


def counted_once(lost: pa.Table) -> pa.Table:
    """The losses, without a changed label of a region that was dropped for another reason afterwards."""
    changed = pc.equal(lost["reason"], "label_left_out").to_numpy()
    if not changed.any():
        return lost
    rows = zip(lost["action"].to_pylist(), lost["task_id"].to_pylist(), lost["region_id"].to_pylist(), strict=True)
    keys = [(action == "dropped", (task, region)) for action, task, region in rows]
    dropped = {key for is_dropped, key in keys if is_dropped}
    again = np.array([key in dropped for _, key in keys])
    return lost.filter(pa.array(~(changed & again)))
