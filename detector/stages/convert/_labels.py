"""Which class each region is: the `classes` of pipeline.yaml are the only authority."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data import losses
from detector.data.annotations import Annotations
from detector.data.geometry import Ints
from detector.data.losses import Loss
from detector.errors import UsageError, did_you_mean

Classes = Mapping[str, tuple[str, ...]]  # name → the labels that mean it


class Labelled(NamedTuple):
    """Rows of the regions table, each with its class id; a region of several labels stands here once for each."""

    rows: Ints
    class_ids: Ints


def refuse_labels(drawn: Annotations, classes: Classes, several: str, left_out: Collection[str] = ()) -> None:
    """Raises UsageError naming every label that is in no class and, under `fail`, the regions with several labels."""
    labels, image = drawn.regions["labels"], drawn.regions["image"].to_numpy()
    names, counts = pc.list_flatten(labels), pc.list_value_length(labels).to_numpy()
    task_ids, ids = drawn.images["task_id"].to_numpy(), _ids(classes)
    if unknown := [name for name in names.unique().to_pylist() if name not in ids]:
        drawn_on = task_ids[np.repeat(image, counts)]
        raise UsageError(
            "\n".join(_unknown(name, drawn_on[pc.equal(names, name).to_numpy()], [*ids, *left_out]) for name in unknown)
        )
    if several == "fail" and counts.max(initial=0) > 1:
        tasks = task_ids[image[counts > 1]]
        of = ", ".join(map(str, np.unique(tasks)[:5]))
        which = f"1 region has several labels (task {of})" if len(tasks) == 1 else ""
        raise UsageError(
            f"{which or f'{len(tasks):,} regions have several labels (tasks {of})'}; mend"
            " them in Label Studio, or set convert.several_labels: each to make an object of each label"
        )


def classify(regions: pa.Table, task_ids: Ints, classes: Classes, lost: list[Loss]) -> Labelled:
    """Class ids by label, each of which is in `classes`. `task_ids` (n,) belong to the regions."""
    labels = regions["labels"].combine_chunks()
    counts = _counts(labels)
    rows = np.repeat(np.arange(len(counts)), counts)
    if (counts == 0).any():
        _unlabelled(regions, task_ids, np.flatnonzero(counts == 0), lost)
    names, codes = _encoded(labels.flatten())
    ids = _ids(classes)
    return Labelled(rows, np.array([ids[name] for name in names], np.int64)[codes])


def _counts(labels: pa.ListArray) -> Ints:
    """How many labels each region has."""
    return np.diff(labels.offsets.to_numpy().astype(np.int64))


def _encoded(labels: pa.Array) -> tuple[list[str], Ints]:
    """The distinct labels, and for each label which one it is: classes are looked up once for each distinct label."""
    encoded = labels.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _ids(classes: Classes) -> dict[str, int]:
    return {label: index for index, merged in enumerate(classes.values()) for label in merged}


def _unknown(label: str, task_ids: Ints, known: Collection[str]) -> str:
    tasks = ", ".join(str(task) for task in np.unique(task_ids)[:3])
    count = "1 region" if len(task_ids) == 1 else f"{len(task_ids):,} regions"
    return (
        f"the label {label!r} is in no class of pipeline.yaml ({count}, e.g. task {tasks})"
        f"{did_you_mean(label, known) or '.'} Add it to `classes`, or as a label of one: "
        f"classes: {{NAME: [NAME, {label!r}]}}; or leave it out: convert: {{leave_out: [{label!r}]}}"
    )


def _unlabelled(regions: pa.Table, task_ids: Ints, rows: Ints, lost: list[Loss]) -> None:
    names = regions["region_id"].take(rows).to_pylist()
    lost.extend(
        Loss("dropped", "region", "no_label", int(task), name) for task, name in zip(task_ids[rows], names, strict=True)
    )


def several(regions: pa.Table, task_ids: Ints, gone: Ints) -> pa.Table:
    """A loss for each region that became an object of each of its labels; not for the rows that are `gone`."""
    rows = np.setdiff1d(np.flatnonzero(_counts(regions["labels"].combine_chunks()) > 1), gone)
    taken = regions.select(["region_id", "labels"]).take(rows)
    columns = zip(task_ids[rows], *(column.to_pylist() for column in taken.columns), strict=True)
    return losses.table(
        [
            Loss("changed", "region", "several_labels", int(task), name, ", ".join(labels))
            for task, name, labels in columns
        ]
    )
