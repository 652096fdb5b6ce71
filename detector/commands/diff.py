"""`detector diff`: what changed from one dataset version to another, by class.

Pictures are the same when their bytes are. Objects on the same picture are paired by their region's id, and those left
over by class and shape, so that a project imported anew is not all new.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from detector.data.dataset import Dataset

MOST = 8  # tasks of a kind that are named


class Drawn(NamedTuple):
    """What an object is: its class and its shape, as a checksum of box and outline."""

    label: str
    shape: int


Key = tuple[str, str]  # SHA-256 of the picture, id of the region
Objects = dict[Key, Drawn]


def diff(old: Dataset, new: Dataset) -> dict[str, Any]:
    """Pictures and objects added, removed, relabelled and moved; and the share of each class before and after."""
    before, after = _objects(old), _objects(new)
    shared = before.keys() & after.keys()
    added, removed = _left_over(before, after)
    relabelled = [key for key in shared if before[key].label != after[key].label]
    moved = [key for key in shared if before[key].label == after[key].label and before[key] != after[key]]
    touched = {picture for picture, _ in (*added, *removed, *relabelled, *moved)}
    changes = {
        "added": Counter(after[key].label for key in added),
        "removed": Counter(before[key].label for key in removed),
        "relabelled": Counter(after[key].label for key in relabelled),
        "moved": Counter(after[key].label for key in moved),
    }
    return {
        "schema": 1,
        "old": old.version,
        "new": new.version,
        "images": _images(old, new),
        "tasks": _tasks(old, new, touched),
        "objects": {"old": len(before), "new": len(after), **{name: c.total() for name, c in changes.items()}},
        "classes": _classes(before, after, changes),
    }


def _objects(dataset: Dataset) -> Objects:
    """Every object of a version. Two of one region (several labels) are told apart by a count."""
    instances = dataset.instances
    pictures = dataset.images["sha256"].take(instances["image"]).to_pylist()
    labels = np.array(dataset.classes, object)[instances["class_id"].to_numpy()]
    seen: Counter[Key] = Counter()
    objects: Objects = {}
    for picture, region, label, shape in zip(
        pictures, instances["region_id"].to_pylist(), labels, _shapes(dataset), strict=True
    ):
        seen[picture, region] += 1
        count = seen[picture, region]
        objects[picture, region if count == 1 else f"{region}#{count}"] = Drawn(label, shape)
    return objects


def _shapes(dataset: Dataset) -> list[int]:
    instances = dataset.instances
    boxes = np.stack([instances[name].to_numpy() for name in ("x", "y", "width", "height")], axis=1)
    checksums = [zlib.crc32(row) for row in np.rint(boxes * 1e6).astype(np.int32)]
    polygons = instances["polygon"].combine_chunks()
    if polygons.null_count == len(polygons):
        return checksums
    points = np.rint(polygons.values.to_numpy() * 1e6).astype(np.int32)
    at = polygons.offsets.to_numpy().tolist()
    return [zlib.crc32(points[a:b], c) for a, b, c in zip(at, at[1:], checksums, strict=False)]


def _left_over(before: Objects, after: Objects) -> tuple[list[Key], list[Key]]:
    """Objects of one side that have none of the other's: neither by region nor by picture, class and shape."""
    gone = [key for key in before if key not in after]
    unmatched = Counter((key[0], before[key]) for key in gone)
    added = []
    for key in (key for key in after if key not in before):
        if unmatched[key[0], after[key]] > 0:
            unmatched[key[0], after[key]] -= 1
        else:
            added.append(key)
    removed = []
    for key in gone:
        if unmatched[key[0], before[key]] > 0:
            unmatched[key[0], before[key]] -= 1
            removed.append(key)
    return added, removed


def _images(old: Dataset, new: Dataset) -> dict[str, int]:
    before, after = ({row for row in each.images["sha256"].to_pylist() if row} for each in (old, new))
    return {"old": len(before), "new": len(after), "added": len(after - before), "removed": len(before - after)}


def _tasks(old: Dataset, new: Dataset, touched: set[str]) -> dict[str, list[int]]:
    """The ids of tasks whose picture came, went, or has an object that changed; with another picture, one changed."""
    before, after = _task_of(old), _task_of(new)
    came = {after[each] for each in after.keys() - before.keys()}
    went = {before[each] for each in before.keys() - after.keys()}
    changed = {after[each] for each in touched & before.keys() & after.keys()} | (came & went)
    return {"changed": sorted(changed), "added": sorted(came - went), "removed": sorted(went - came)}


def _task_of(dataset: Dataset) -> dict[str, int]:
    """Each picture, and the id of its task."""
    rows = zip(dataset.images["sha256"].to_pylist(), dataset.images["task_id"].to_pylist(), strict=True)
    return {picture: task for picture, task in rows if picture}


def _classes(before: Objects, after: Objects, changes: dict[str, "Counter[str]"]) -> dict[str, dict[str, float]]:
    counts = [Counter(drawn.label for drawn in side.values()) for side in (before, after)]
    return {
        name: {
            "old": counts[0][name],
            "new": counts[1][name],
            "old_share": round(counts[0][name] / max(1, len(before)), 4),
            "new_share": round(counts[1][name] / max(1, len(after)), 4),
            **{change: counted[name] for change, counted in changes.items()},
        }
        for name in dict.fromkeys((*counts[0], *counts[1]))
    }


def lines(difference: dict[str, Any]) -> list[str]:
    """The same for a person."""
    images, objects = difference["images"], difference["objects"]
    shown = [
        f"{difference['old']} → {difference['new']}",
        f"images    {images['old']:,} → {images['new']:,}: {images['added']:,} added, {images['removed']:,} removed",
        *_named(difference["tasks"]),
        f"objects   {objects['old']:,} → {objects['new']:,}: {_changes(objects)}",
        "",
    ]
    wide = max((len(name) for name in difference["classes"]), default=0)
    for name, of in difference["classes"].items():
        shares = f"{of['old_share']:6.1%} → {of['new_share']:6.1%}"
        shown.append(f"{name:<{wide}}  {of['old']:>9,} → {of['new']:>9,}  {shares}  {_changes(of)}".rstrip())
    return shown


def _named(tasks: Mapping[str, list[int]]) -> Iterator[str]:
    """Which tasks, a line for each kind of change: the first few by their ids."""
    for at, (what, ids) in enumerate((what, ids) for what, ids in tasks.items() if ids):
        first = ", ".join(map(str, ids[:MOST]))
        more = f" and {len(ids) - MOST:,} more" if len(ids) > MOST else ""
        yield f"{'tasks' if at == 0 else '':<10}{len(ids):,} {what}: {first}{more}"


def _changes(counted: dict[str, Any]) -> str:
    changes = [f"{counted[name]:,} {name}" for name in ("added", "removed", "relabelled", "moved") if counted[name]]
    return ", ".join(changes) or "nothing changed"
