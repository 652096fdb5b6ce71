"""Vectors in cells around centres (faiss): a search looks into the nearest cells alone, not at every vector."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.data.geometry import Ints

Vectors = NDArray[np.float32]  # (n, d), of unit length
FEW = 2_000  # vectors: no more than these are all looked at
TRAINING = 40  # vectors for each centre, to find the centres by
BLOCK = 1_024  # vectors that are asked about at once
SHORT = 64  # numbers of a vector that are searched by; what is found is then looked at whole
SLACK = 1e-4  # for the rounding of 32-bit numbers
CHUNK = 1 << 14  # pairs that are compared at once


def index_of(vectors: Vectors, cells: int) -> Any:
    """An index of `vectors` by squared distance; a search in it looks into the nearest `cells`."""
    import faiss

    count, wide = vectors.shape
    centres = int(2 * count**0.5)
    index: Any = faiss.IndexFlatL2(wide)
    if count > FEW:
        index = faiss.IndexIVFFlat(index, wide, centres)
        index.cp.min_points_per_centroid = 1  # or faiss prints a warning
        index.train(np.random.default_rng(0).permutation(vectors)[: TRAINING * centres])
        index.nprobe = cells
    index.add(vectors)
    return index


def near(vectors: Vectors, distance: float, cells: int = 16) -> Iterator[Ints]:
    """Pairs of rows (m, 2), the earlier first, that are nearer than a cosine `distance`, in blocks; each pair once.

    What is searched is a projection, in which nothing is farther apart than it is.
    """
    if len(vectors) < 2:
        return
    short = np.ascontiguousarray(vectors @ _axes(vectors))
    index, reach = index_of(short, cells), 2 * distance + SLACK
    for start in range(0, len(vectors), BLOCK):
        limits, _, found = index.range_search(short[start : start + BLOCK], reach)
        asked = start + np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64)))
        pairs = np.stack([asked, found], axis=1)[found > asked]
        for at in range(0, len(pairs), CHUNK):
            chunk = pairs[at : at + CHUNK]
            alike = np.einsum("ij,ij->i", vectors[chunk[:, 0]], vectors[chunk[:, 1]])
            yield chunk[alike > 1 - distance]


def _axes(vectors: Vectors) -> Vectors:
    """The directions (d, SHORT) in which a sample of them differs most, at right angles to each other."""
    some = vectors[:: max(1, len(vectors) // 20_000)]
    _, directions = np.linalg.eigh(some.T @ some)
    return np.asarray(directions[:, : -SHORT - 1 : -1], np.float32)
