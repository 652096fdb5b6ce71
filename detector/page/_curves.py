"""The course of a training as small charts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from detector.data.epochs import Parting, columns_of, parting
from detector.data.trained import Trained
from detector.stages import Result

WIDTH, HEIGHT = 280, 150  # of a chart's field, in its own units
SCORES = {
    "mAP": {"mAP50": "metrics/mAP50({})", "mAP50-95": "metrics/mAP50-95({})"},
    "precision, recall": {"precision": "metrics/precision({})", "recall": "metrics/recall({})"},
}
NAMES = {"box_loss": "box loss", "cls_loss": "class loss", "dfl_loss": "distance loss", "seg_loss": "mask loss"}


@dataclass(frozen=True)
class Line:
    """One series: its name, its last value, and its points as SVG takes them."""

    name: str
    last: float
    points: str


@dataclass(frozen=True)
class Chart:
    """Series over epochs, their ticks as (place, label), and the places of the best epoch and where losses part."""

    title: str
    lines: list[Line]
    ticks: list[tuple[float, str]]
    epochs: tuple[int, int]
    best: float | None
    parted: float | None
    width: int = WIDTH
    height: int = HEIGHT


class Curves(NamedTuple):
    """Scores on val and losses over epochs, where the losses part, if they do, and what the data settled."""

    charts: list[Chart]
    parting: Parting | None
    derived: Mapping[str, Mapping[str, Any]] = {}


def curves(train: Result | None) -> Curves:
    """From the results.csv that Ultralytics leaves; no charts for other trainings."""
    columns = {} if train is None else columns_of(train.path)
    if train is None or not columns:
        return Curves([], None)
    best, parted = train.figures.get("best_epoch"), parting(columns)
    drawn = (
        _chart(title, series, columns["epoch"], (best, parted.epoch if parted and "train" in series else None))
        for title, series in _series(columns)
    )
    return Curves([chart for chart in drawn if chart is not None], parted, Trained(train.path).derived)


def _series(columns: Mapping[str, list[float]]) -> Iterable[tuple[str, dict[str, list[float]]]]:
    kind = "M" if "metrics/mAP50(M)" in columns else "B"
    for title, names in SCORES.items():
        drawn = {name: columns.get(column.format(kind), []) for name, column in names.items()}
        yield (
            f"{title}{' of masks' if kind == 'M' else ''} on val",
            {name: drawn[name] for name in drawn if drawn[name]},
        )
    for name in (column.removeprefix("train/") for column in columns if column.startswith("train/")):
        pair = {split: columns.get(f"{split}/{name}", []) for split in ("train", "val")}
        yield NAMES.get(name, name.replace("_", " ")), {split: values for split, values in pair.items() if values}


def _chart(
    title: str, series: Mapping[str, list[float]], epochs: list[float], marks: tuple[float | None, float | None]
) -> Chart | None:
    """The series on one field; `marks` are the best epoch, and the one where the losses part."""
    finite = [value for values in series.values() for value in values if math.isfinite(value)]
    if not finite:
        return None
    ticks = nice(max(finite))
    first, last = epochs[0], epochs[-1]

    def place(epoch: float) -> float:
        return round((epoch - first) / max(last - first, 1) * WIDTH, 1)

    def level(value: float) -> float:
        return round(HEIGHT - value / ticks[-1] * HEIGHT, 1)

    lines = [
        Line(
            name,
            values[-1],
            " ".join(f"{place(e)},{level(v)}" for e, v in zip(epochs, values, strict=True) if not math.isnan(v)),
        )
        for name, values in series.items()
    ]
    best, parted = (place(mark) if mark is not None and first <= mark <= last else None for mark in marks)
    levels = [(level(tick), f"{tick:g}") for tick in ticks]
    return Chart(title, lines, levels, (int(first), int(last)), best, parted)


def nice(largest: float) -> Sequence[float]:
    """Ticks from 0 to at least `largest`, in steps of 1, 2 or 5 times a power of ten."""
    if largest <= 0:
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(largest / 2))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * 4 >= largest)
    return [round(step * index, 12) for index in range(math.ceil(largest / step - 1e-9) + 1)]
