"""Which tasks matter most: each order gives every task a number of which the smallest comes first.

It is written as the prediction's score, which the Data Manager sorts by: ascending shows first what matters most.

uncertain   1 / (1 + m): m mistakes are expected in what is sent, as its scores were calibrated: what is sent and
            wrong, and what is there and not sent
diverse     of the more uncertain ones, each as unlike those before it as possible (k-center greedy: Sener and
            Savarese, Active Learning for Convolutional Neural Networks, ICLR 2018), as its place from 0 to 1
rare        1 / (1 + r): r is the expected number of objects, each the more worth, the fewer labels its class has
random      by the content of its pictures: the same each time, on any machine
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detector.annotators import Order
from detector.annotators.calibration import Chance
from detector.data.geometry import Floats, Ints

Embeddings = npt.NDArray[np.float32]
CENTERS = 2_000  # after that many no picture is far from all of them
DECIMALS = 6


@dataclass(frozen=True)
class Ranking:
    """What an order goes by.

    sent_from: the score from which on an object is sent; chance: of a score; labels: how many there are of each class
    id; embeddings: of each task, made where they are asked for; most: how many tasks are wanted, None for all.
    """

    order: Order
    sent_from: float
    chance: Chance
    labels: Callable[[], Sequence[int]]
    embeddings: Callable[[], Embeddings]
    most: int | None = None


class Scored(NamedTuple):
    """What is seen on one task: class_ids (N,) and scores (N,), also of what is not sent; and its pictures' SHA-256."""

    class_ids: Ints
    scores: Floats
    pictures: Sequence[str]


def rank(tasks: Sequence[Scored], by: Ranking) -> Floats:
    """The number of each task (N,); see the top of the file."""
    if not tasks:
        return np.zeros(0)
    if by.order == "random":
        return random(tasks)
    if by.order == "rare":
        return rare(tasks, by.labels(), by.chance)
    doubts = uncertain(tasks, by.sent_from, by.chance)
    return doubts if by.order == "uncertain" else diverse(doubts, by.embeddings(), by.most)


def mistakes(seen: Scored, sent_from: float, chance: Chance) -> float:
    """How many mistakes are expected in what is sent: from the score `sent_from` on."""
    right, sent = chance(seen.scores), seen.scores >= sent_from
    return float((1 - right[sent]).sum() + right[~sent].sum())


def uncertain(tasks: Sequence[Scored], sent_from: float, chance: Chance) -> Floats:
    """Of each task (N,); see the top of the file."""
    return np.array([1 / (1 + mistakes(task, sent_from, chance)) for task in tasks]).round(DECIMALS)


def rare(tasks: Sequence[Scored], labels: Sequence[int], chance: Chance) -> Floats:
    """Of each task (N,). `labels`: how many there are of each class id."""
    worths = 1 / (1 + np.asarray(labels, np.float64))

    def worth(task: Scored) -> float:
        return float((worths[task.class_ids] * chance(task.scores)).sum())

    return np.array([1 / (1 + worth(task)) for task in tasks]).round(DECIMALS)


def random(tasks: Sequence[Scored]) -> Floats:
    """Of each task (N,)."""
    digests = [hashlib.sha256(" ".join(task.pictures).encode()).digest() for task in tasks]
    return np.array([int.from_bytes(each[:6], "big") / (1 << 48) for each in digests]).round(DECIMALS)


def diverse(by_uncertainty: Floats, embeddings: Embeddings, most: int | None) -> Floats:
    """Of each task (N,), by its description (N, D); `most` are wanted, or all.

    The centers are chosen among three times as many of the most uncertain as are wanted, or among half of them all.
    """
    order = np.argsort(by_uncertainty, kind="stable")
    count = len(order)
    pool = order[: min(count, 3 * most if most else (count + 1) // 2)]
    centers = pool[_centers(embeddings[pool], min(len(pool), most or CENTERS, CENTERS))]
    ranked = np.concatenate([centers, order[~np.isin(order, centers)]])
    places: Floats = np.empty(count)
    places[ranked] = np.arange(count) / max(count - 1, 1)
    return places.round(DECIMALS)


def _centers(points: Embeddings, count: int) -> Ints:
    """Rows, the first one first; each further one is the farthest from all before it."""
    chosen: list[int] = [0] if count else []
    far = np.full(len(points), np.inf, np.float32)
    while len(chosen) < count:
        far = np.minimum(far, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        far[chosen] = -1
        chosen.append(int(far.argmax()))
    return np.array(chosen, np.int64)
