"""Images that are nearly the same as another, by FiftyOne's similarity index over our own embeddings."""

import itertools
from typing import Any

import numpy as np

from detector.browse import samples
from detector.data.dataset import Dataset
from detector.data.geometry import Bools, Ints
from detector.stages.check._embeddings import SAME, embed
from detector.stages.check._tables import Observation, Tables

KEY = "similarity"  # FiftyOne's App sorts by it


def describe(dataset: Dataset, tables: Tables) -> tuple[Ints, Any, Bools]:
    """Rows of the images whose files are there, their embeddings, and which of them could be decoded."""
    files = np.asarray(dataset.images["file"].to_pylist(), object)
    rows = np.array([row for row in tables.included if files[row] in tables.present], np.int64)
    sides = np.stack([dataset.images[name].to_numpy(zero_copy_only=False) for name in ("width", "height")])
    vectors, readable = embed([dataset.image_path(files[row]) for row in rows], sides[:, rows].min(axis=0).tolist())
    return rows, vectors, readable


def lookalikes(loaded: Any, dataset: Dataset, tables: Tables, rows: Ints, vectors: Any) -> dict[str, Observation]:
    """The findings `near_duplicate_images` and `leaky_splits` for images `rows` with embeddings `vectors` (n, d)."""
    groups = _groups(loaded, dataset, rows, vectors)
    leaky = [group for group in groups if len(set(tables.splits[group].tolist())) > 1]
    members, leaks = (np.array(list(itertools.chain(*some)), np.int64) for some in (groups, leaky))
    return {
        "near_duplicate_images": Observation(len(members) - len(groups), members),
        "leaky_splits": Observation(len(leaks), leaks),
    }


def _groups(loaded: Any, dataset: Dataset, rows: Ints, vectors: Any) -> list[list[int]]:
    """Rows of images that are nearly the same, a list for each picture; those without a double are left out."""
    import fiftyone.brain

    if KEY in loaded.list_brain_runs():
        loaded.delete_brain_run(KEY)
    if len(rows) < 2:
        return []
    ids = samples.sample_ids(loaded, dataset)
    view = loaded.select([ids[row] for row in rows], ordered=True)
    index = fiftyone.brain.compute_similarity(
        view, embeddings=vectors, brain_key=KEY, backend="sklearn", metric="cosine", progress=False
    )
    index.find_duplicates(thresh=SAME)
    row_of = {identity: row for row, identity in enumerate(ids)}
    return [[row_of[kept], *(row_of[other] for other, _ in near)] for kept, near in index.neighbors_map.items()]
