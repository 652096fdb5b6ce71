"""Which class each region is: the `classes` of pipeline.yaml are the only authority."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from detector.complaints import suggestion
from detector.errors import UsageError
from detector.geometry import Ints
from detector.losses import Loss


class Labelled(NamedTuple):
    """Rows of the regions table, each with its class id; a region of several labels stands here once for each."""

    rows: Ints
    class_ids: Ints


def classify(
    regions: pa.Table, task_ids: Ints, classes: Mapping[str, tuple[str, ...]], several: str, found: list[Loss]
) -> Labelled:
    """Class ids by label. `task_ids` (n,) belong to the regions. Raises UsageError naming every unknown label."""
    labels = regions["labels"].combine_chunks()
    offsets = labels.offsets.to_numpy().astype(np.int64)
    counts = np.diff(offsets)
    rows = np.repeat(np.arange(len(counts)), counts)
    class_ids = _ids(labels.flatten(), task_ids[rows], classes)
    _unlabelled(regions, task_ids, np.flatnonzero(counts == 0), found)
    if counts.max(initial=0) > 1:
        _several(regions, task_ids, np.flatnonzero(counts > 1), several, found)
    return Labelled(rows, class_ids)


def _ids(labels: pa.Array, task_ids: Ints, classes: Mapping[str, tuple[str, ...]]) -> Ints:
    """The class id of each label: looked up once for each distinct label, not once for each region."""
    ids = {label: index for index, merged in enumerate(classes.values()) for label in merged}
    encoded = labels.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    unknown = [code for code, name in enumerate(names) if name not in ids]
    if unknown:
        raise UsageError("\n".join(_unknown(names[code], task_ids[codes == code], ids) for code in unknown))
    table = np.array([ids[name] for name in names], np.int64)
    return table[codes] if len(codes) else np.empty(0, np.int64)


def _unknown(label: str, task_ids: Ints, ids: Mapping[str, int]) -> str:
    tasks = ", ".join(str(task) for task in np.unique(task_ids)[:3])
    return (
        f"the label {label!r} is in no class of pipeline.yaml ({len(task_ids):,} regions, e.g. task {tasks})"
        f"{suggestion(label, ids)} Add it to `classes`, or as a label of one: classes: {{NAME: [NAME, {label!r}]}}"
    )


def _unlabelled(regions: pa.Table, task_ids: Ints, rows: Ints, found: list[Loss]) -> None:
    names = regions["region_id"].take(rows).to_pylist()
    found.extend(
        Loss("dropped", "region", "no_label", int(task), name) for task, name in zip(task_ids[rows], names, strict=True)
    )


def _several(regions: pa.Table, task_ids: Ints, rows: Ints, several: str, found: list[Loss]) -> None:
    if several == "fail":
        tasks = Counter(int(task) for task in task_ids[rows])
        raise UsageError(
            f"{len(rows):,} regions have several labels (tasks {', '.join(map(str, list(tasks)[:5]))}); mend them in"
            " Label Studio, or set convert.several_labels: each to make an object of each label"
        )
    taken = regions.select(["region_id", "labels"]).take(rows)
    for task, name, labels in zip(task_ids[rows], *(column.to_pylist() for column in taken.columns), strict=True):
        found.append(Loss("changed", "region", "several_labels", int(task), name, ", ".join(labels)))
