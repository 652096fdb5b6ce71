"""What is not as it was at the last pull: how many tasks changed, are new, or are gone."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.annotations import Annotations, read
from detector.data.geometry import Ints

Numbers = npt.NDArray[np.uint64]
_NO_CHANGE = {"task_id", "image", "annotation_id", "link", "extension"}  # columns that differ for the same drawing
_TABLES = ("images", "regions", "losses")  # what others drew on a task is among its losses
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)


def changes(before: Path | None, after: Annotations, by: str) -> Mapping[str, int]:
    """The number of tasks that `changed`, are `new` and are `gone` since the pull in `before`; nothing without one.

    A task is known again `by` a column of the images: `task_id`, or `source` where a folder has no ids.
    """
    if before is None or not all((before / f"{name}.arrow").exists() for name in _TABLES):
        return {}
    old, new = _signatures((read(before), after), by)
    shared = old.keys() & new.keys()
    changed = sum(old[key] != new[key] for key in shared)
    return {"changed": changed, "new": len(new) - len(shared), "gone": len(old) - len(shared)}


def _signatures(both: tuple[Annotations, Annotations], by: str) -> list[dict[object, int]]:
    """For either side, each task and a number that stands for all that is known of it, in whatever order."""
    keys = pa.concat_tables([each.images for each in both])[by].combine_chunks().dictionary_encode()
    tasks = np.array(keys.indices)
    start, sums = both[0].images.num_rows, np.zeros((2, len(keys.dictionary)), np.uint64)
    owners = [tasks[:start], tasks[start:]]
    for at, owner in enumerate(owners):
        sums[at, owner] += np.uint64(1)
    for name in _TABLES:
        rows = _rows(pa.concat_tables([getattr(each, name).cast(getattr(both[1], name).schema) for each in both]))
        middle = getattr(both[0], name).num_rows
        for at, part in enumerate((rows[:middle], rows[middle:])):
            of = _owners(both[at], name, owners[at])
            np.add.at(sums[at], of[of >= 0], part[of >= 0])
    names = keys.dictionary.to_pylist()
    return [{names[each]: int(sums[at, each]) for each in np.unique(owner)} for at, owner in enumerate(owners)]


def _owners(annotations: Annotations, name: str, tasks: Ints) -> Ints:
    """The task of each row of a table; -1 where there is none."""
    if name == "images":
        return tasks
    if name == "regions":
        of_regions: Ints = tasks[annotations.regions["image"].to_numpy()]
        return of_regions
    ids = annotations.images["task_id"].to_numpy()
    place = dict(zip(ids.tolist(), tasks.tolist(), strict=True))
    return np.array([place.get(each, -1) for each in annotations.losses["task_id"].to_pylist()], np.int64)


def _rows(table: pa.Table) -> Numbers:
    """A number for each row; equal rows have the same one."""
    mixed: Numbers = np.full(table.num_rows, 1, np.uint64)
    for name in table.column_names:
        if name not in _NO_CHANGE:
            column = table[name].combine_chunks()
            mixed = (mixed ^ _codes(_meant(column) if name == "data" else column)) * _FACTORS[0]
            mixed ^= mixed >> np.uint64(29)
    mixed *= _FACTORS[1]
    return mixed


def _meant(column: pa.Array) -> pa.Array:
    """A task's own data, however the JSON of it is written: an export may be indented, or not."""
    texts = column.dictionary_encode()
    said = [
        text and msgspec.json.encode(msgspec.json.decode(text), order="sorted") for text in texts.dictionary.to_pylist()
    ]
    return pa.array(said, pa.binary()).take(texts.indices)


def _codes(column: pa.Array) -> Numbers:
    """A number for each value: equal ones have the same. A list counts as what is in it."""
    if pa.types.is_list(column.type):
        column = _joined(column)
    return np.array(column.dictionary_encode().indices.fill_null(-1)).astype(np.int64).view(np.uint64)


def _joined(lists: pa.Array) -> pa.Array:
    """A value for each list of texts, or of 64-bit numbers: of those, their bytes as they are."""
    if pa.types.is_string(lists.type.value_type):
        return pc.binary_join(lists, "\x1f")
    ends = pa.py_buffer(np.array(lists.offsets, np.int64) * 8)
    return pa.Array.from_buffers(pa.large_binary(), len(lists), [None, ends, lists.values.buffers()[1]])
