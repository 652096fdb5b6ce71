"""The table of epochs that Ultralytics leaves of a training, and where the losses on train and val part.

From there on a training learns its pictures by heart.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

LAST = 3  # epochs, whose mean is held against the best one: a single epoch may go up by chance
FOUND, SEES = "metrics/mAP50-95(B)", 0.1  # a column, and the share of its best from which on a network sees something
RISE = 0.05  # of the loss on val; less is no parting


class Parting(NamedTuple):
    """The epoch with the least loss on val, and what became of both losses from it to the end, as a share of them."""

    epoch: int
    train: float
    val: float


def table_of(training: Path) -> Path:
    """Where the training's table of epochs is."""
    return training / "results.csv"


def columns_of(training: Path) -> dict[str, list[float]]:
    """Each column of the training's results.csv, a value an epoch; none where there is no such file, or no epoch."""
    file = table_of(training)
    if not file.exists():
        return {}
    with file.open(encoding="utf-8") as rows:
        table = list(csv.DictReader(rows, skipinitialspace=True))
    return {name.strip(): [_number(row[name]) for row in table] for name in table[0]} if table else {}


def parting(columns: Mapping[str, list[float]]) -> Parting | None:
    """Where the loss on val rises for good while that on train falls, all parts together; None where it does not."""
    train, val = (_total(columns, split) for split in ("train", "val"))
    seeing = _seeing(columns, len(val))
    epochs = [at for at in seeing if math.isfinite(val[at]) and math.isfinite(train[at])]
    if not epochs:
        return None
    best = min(epochs, key=lambda at: val[at])
    after = [at for at in epochs if at > best]
    if len(after) < LAST or min(val[best], train[best]) <= 0:
        return None
    changes = [sum(values[at] for at in after[-LAST:]) / LAST / values[best] - 1 for values in (train, val)]
    if changes[0] >= 0 or changes[1] < RISE:
        return None
    return Parting(int(columns["epoch"][best]), *changes)


def _seeing(columns: Mapping[str, list[float]], epochs: int) -> list[int]:
    """The epochs from which on the network sees something: before, little counts as loss on val, and that is low."""
    found = columns.get(FOUND, [math.inf] * epochs)
    enough = SEES * max((value for value in found if math.isfinite(value)), default=0.0)
    return [at for at, value in enumerate(found) if value >= enough]


def _total(columns: Mapping[str, list[float]], split: str) -> list[float]:
    """The sum of its losses at each epoch; a loss that the other split lacks is left out."""
    names = [name.partition("/")[2] for name in columns if name.startswith("train/") and name.endswith("loss")]
    shared = [columns[f"{split}/{name}"] for name in names if f"val/{name}" in columns]
    return [sum(values) for values in zip(*shared, strict=True)]


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
