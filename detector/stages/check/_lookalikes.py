"""Images that are nearly the same as another, or copies of it that were flipped, turned, cropped or coloured anew."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from detector.browse import samples
from detector.data.dataset import Dataset
from detector.data.geometry import Bools, Ints
from detector.stages.check._aligned import Copy, Files, copies
from detector.stages.check._candidates import candidates
from detector.stages.check._cells import near
from detector.stages.check._embeddings import SAME, Described, Vectors, embed, shorter
from detector.stages.check._tables import Observation, Tables
from detector.system.shards import Shards
from detector.terms import SPLITS

PART = 1_000  # pictures at least that another machine is sent at a time
KEY = "similarity"  # FiftyOne's App sorts by it
LEAST = 16  # numbers of an embedding
NUMBERS = 5_000_000  # of all embeddings at most: FiftyOne keeps them as text, a million in half a second


class Alike(NamedTuple):
    """Of n pictures: the group of each, which have a copy in another split, and the copies that were changed."""

    groups: Ints
    leaky: Bools
    changed: list[Copy]


def describe(dataset: Dataset, tables: Tables, shards: Shards) -> tuple[Ints, Files, Described]:
    """Rows of the images whose files are there, these files, and what their pictures look like."""
    names = np.asarray(dataset.images["file"].to_pylist(), object)
    rows = np.array([row for row in tables.included if names[row] in tables.present], np.int64)
    sides = np.stack([dataset.images[name].to_numpy(zero_copy_only=False) for name in ("width", "height")])
    files = Files([dataset.image_path(names[row]) for row in rows], sides[:, rows].min(axis=0).tolist())
    parts = shards(embed, list(zip(*files, strict=True)), lambda _: None, least=PART)
    return rows, files, parts[0] if len(parts) == 1 else Described(*map(np.concatenate, zip(*parts, strict=True)))


def find(files: Files, described: Described, splits: Ints) -> Alike:
    """What is alike among pictures, each of which is in one of the `splits` (n,). What can't be read never is."""
    readable = np.flatnonzero(described.readable)
    groups: Ints = np.arange(len(splits))
    leaky: Bools = np.zeros(len(splits), bool)
    for pairs in near(described.vectors[readable], SAME):
        groups, leaky = _joined(groups, readable[pairs]), _leaking(leaky, readable[pairs], splits)
    found = candidates(described.maps[readable], groups[readable])
    chosen = found._replace(copies=readable[found.copies], sources=readable[found.sources])
    changed = copies(files, described.maps, chosen)
    pairs = np.array([each[:2] for each in changed], np.int64).reshape(-1, 2)
    return Alike(_joined(groups, pairs), _leaking(leaky, pairs, splits), changed)


def _joined(groups: Ints, pairs: Ints) -> Ints:
    """Groups (n,) after the two of each pair were put into one; a group is named by its first row."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(groups)
    ones, others = np.concatenate([pairs, np.stack([np.arange(count), groups], axis=1)]).T
    graph = coo_array((np.ones(len(ones), bool), (ones, others)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    return np.asarray(np.unique(labels, return_index=True)[1][labels], np.int64)


def _leaking(leaky: Bools, pairs: Ints, splits: Ints) -> Bools:
    """The flags, with those of pairs whose two are in different splits."""
    apart = pairs[splits[pairs[:, 0]] != splits[pairs[:, 1]]]
    flags = leaky.copy()
    flags[apart.ravel()] = True
    return flags


def observations(alike: Alike, tables: Tables, rows: Ints) -> dict[str, Observation]:
    """The findings `near_duplicate_images` and `leaky_splits` for images `rows`."""
    sizes = np.bincount(alike.groups, minlength=1)
    order = np.argsort(alike.groups, kind="stable")  # copies beside each other
    members, leaks = order[sizes[alike.groups[order]] > 1], order[alike.leaky[order]]
    leaking = [each for each in alike.changed if len({int(tables.splits[rows[row]]) for row in each[:2]}) > 1]
    return {
        "near_duplicate_images": Observation(
            len(members) - int((sizes > 1).sum()), rows[members], details=_told(alike.changed, tables, rows)
        ),
        "leaky_splits": Observation(len(leaks), rows[leaks], details=_told(leaking, tables, rows)),
    }


def _told(changed: Sequence[Copy], tables: Tables, rows: Ints) -> list[str]:
    """`task 8 (test) is task 2 (train), flipped`, a line for each copy whose change has a name."""
    tasks = tables.images["task_id"].take(rows).to_pylist()
    names = [f"task {task} ({SPLITS[split]})" for task, split in zip(tasks, tables.splits[rows], strict=True)]
    return [f"{names[each.copy]} is {names[each.source]}, {each.kind}" for each in changed if each.kind]


def show(loaded: Any, dataset: Dataset, rows: Ints, vectors: Vectors) -> None:
    """Put the index that FiftyOne's App sorts images `rows` with, by embeddings (n, d), into the data set."""
    import fiftyone.brain

    if KEY in loaded.list_brain_runs():
        loaded.delete_brain_run(KEY)
    known = samples.sample_ids(loaded, dataset)
    described = {known[row]: at for at, row in enumerate(rows)}
    identities = loaded.values("id")
    there = [described[identity] for identity in identities if identity in described]
    if len(there) < 2:
        return
    view = loaded.exclude([identity for identity in identities if identity not in described])
    embeddings = shorter(vectors[there], max(LEAST, NUMBERS // len(there)))
    fiftyone.brain.compute_similarity(
        view, embeddings=embeddings, brain_key=KEY, backend="sklearn", metric="cosine", progress=False
    )
