"""The fast rules: each looks at a version's tables and gives what it found. Pure, and without a loop over rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.geometry import Bools, area
from detector.data.losses import REASONS
from detector.stages.check._tables import Observation, Tables
from detector.terms import SPLITS

SLACK = 1e-6  # label files have six decimals
TINY = 3.0  # pixels
BROKEN = ("broken_image", "missing_image", "size_differs")


Rule = Callable[[Tables], Observation]


def _objects(tables: Tables, flags: Bools) -> Observation:
    rows = np.flatnonzero(flags)
    return Observation(len(rows), np.unique(tables.image[rows]), rows)


def out_of_range(tables: Tables) -> Observation:
    """Objects whose class id or coordinates are outside what a YOLO row may hold."""
    low, high = tables.boxes[:, :2] - tables.boxes[:, 2:] / 2, tables.boxes[:, :2] + tables.boxes[:, 2:] / 2
    wrong = np.zeros(len(low), bool)
    wrong[((low < -SLACK) | (high > 1 + SLACK)).any(axis=1)] = True
    wrong[(tables.class_ids < 0) | (tables.class_ids >= len(tables.classes))] = True
    rows, shapes = tables.polygons
    outside = ((shapes.points < -SLACK) | (shapes.points > 1 + SLACK)).any(axis=1)
    wrong[np.repeat(rows, shapes.lengths())[outside]] = True
    return _objects(tables, wrong)


def degenerate(tables: Tables) -> Observation:
    """Objects with a side, or an outlined area, under one pixel."""
    wrong: Bools = tables.sides.min(axis=1, initial=np.inf) < 1
    rows, shapes = tables.polygons
    wrong[rows[area(shapes) * tables.sizes[rows].prod(axis=1) < 1]] = True
    return _objects(tables, wrong)


def duplicates(tables: Tables) -> Observation:
    """Objects whose box is exactly that of an earlier one on the same image, of whatever class."""
    rounded = np.round(tables.boxes / SLACK).astype(np.int64)
    order = np.lexsort([np.arange(len(rounded)), *rounded.T, tables.image])
    keys = np.column_stack([tables.image, rounded])[order]
    repeated = np.zeros(len(order), bool)
    repeated[order[1:]] = (keys[1:] == keys[:-1]).all(axis=1)
    return _objects(tables, repeated)


def classes_without_examples(tables: Tables) -> Observation:
    """Classes with no object in train."""
    missing = [tables.classes[index] for index in np.flatnonzero(tables.counts(0) == 0)]
    return Observation(len(missing), details=missing)


def classes_not_evaluated(tables: Tables) -> Observation:
    """Classes with no object in val, or in test, of those splits that have images."""
    missing = [
        f"{tables.classes[index]} in {SPLITS[split]}"
        for split in (1, 2)
        if (tables.splits == split).any()
        for index in np.flatnonzero(tables.counts(split) == 0)
    ]
    return Observation(len(missing), details=missing)


def broken_images(tables: Tables) -> Observation:
    """Images that had to be left out as broken, and picture files that have gone since."""
    lost = [(entry, reason) for reason in BROKEN for entry in tables.excluded.get(reason, [])]
    links = dict(zip(*(tables.images[name].to_pylist() for name in ("task_id", "link")), strict=True)) if lost else {}
    details = [_tell(entry, reason, links.get(entry["task_id"])) for entry, reason in lost]
    exists = pc.is_in(tables.images["file"], pa.array(list(tables.present), pa.string())).to_numpy(zero_copy_only=False)
    gone = tables.included[~exists[tables.included]]
    return Observation(len(lost) + len(gone), gone, details=details)


def _tell(entry: dict[str, Any], reason: str, link: str | None) -> str:
    return "  ".join(filter(None, [f"task {entry['task_id']}", REASONS[reason], entry.get("detail"), link]))


def dark_images(tables: Tables) -> Observation:
    """Images of 16 bits that use 14 or fewer of them."""
    files = pc.is_in(tables.images["file"], pa.array(list(tables.dark), pa.string()))
    rows = np.flatnonzero(files.to_numpy(zero_copy_only=False))
    return Observation(len(rows), rows)


def leaked_images(tables: Tables) -> Observation:
    """Pictures, by the content of their file, that are in more than one split; each is counted once."""
    contents = pc.dictionary_encode(tables.images["sha256"].take(pa.array(tables.included))).combine_chunks()
    if not len(contents):
        return Observation(0)
    picture = contents.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    seen = np.zeros((len(contents.dictionary), len(SPLITS)), bool)
    seen[picture, tables.splits[tables.included]] = True
    leaked = seen.sum(axis=1) > 1
    rows = tables.included[leaked[picture]]
    return Observation(int(leaked.sum()), rows[np.argsort(picture[leaked[picture]], kind="stable")])


def class_imbalance(tables: Tables) -> Observation:
    """How many times as many objects the commonest class has in train as the rarest that has any."""
    counts = tables.counts(0)
    if (counts > 0).sum() < 2:
        return Observation(1.0)
    most, least = int(counts.argmax()), int(np.where(counts > 0, counts, counts.max()).argmin())
    extremes = f"{counts[most]:,} {tables.classes[most]}, {counts[least]:,} {tables.classes[least]}"
    return Observation(round(float(counts[most] / counts[least]), 2), details=[extremes])


def tiny_objects(tables: Tables) -> Observation:
    """Objects with a side of one to three pixels of their own image; smaller ones are degenerate."""
    shorter = tables.sides.min(axis=1, initial=np.inf)
    return _objects(tables, (shorter >= 1) & (shorter < TINY))


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        leaked_images,
        broken_images,
        dark_images,
        classes_without_examples,
        classes_not_evaluated,
        out_of_range,
        degenerate,
        duplicates,
        tiny_objects,
        class_imbalance,
    )
}
