"""What is taken for what, at the operating point: annotated classes beside predicted ones."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from detector.data.evaluation import Evaluation
from detector.measure.marks import said

MOST = 20  # classes of a table; of more, only the commonest mix-ups are listed
DRAWN = 200  # classes of the plot: its cells would be too small to see
NUMBERED, LABELLED = 10, 30  # classes: of more, the plot has no room for counts, for names
WIDTH, NAMES, HIGHEST = 360, 92, 36  # of the plot, of its names, and of a row, in its own units
LETTERS = 13  # of a name on the plot
NOTHING = -1  # nothing was predicted, or nothing is annotated
BACKGROUND, MISSED = "nothing there", "missed"


class Mixup(NamedTuple):
    """Objects of a class that were taken for another."""

    annotated: str
    predicted: str
    objects: int


def confusion(evaluation: Evaluation | None) -> dict[str, Any] | None:
    """A row for each annotated class, and one for what is not there; None where nothing was annotated or predicted.

    A row adds up to the objects of its class, a column to the predictions of its class.
    """
    pairs = Counter[tuple[int, int]]() if evaluation is None else counts(evaluation)
    if evaluation is None or not pairs:
        return None
    classes = evaluation.measured.classes
    mixed = Counter({pair: count for pair, count in pairs.items() if NOTHING not in pair and pair[0] != pair[1]})
    mixups = [Mixup(classes[row], classes[column], count) for (row, column), count in mixed.most_common(MOST)]
    labels = list(range(len(classes)))
    rows = [] if len(classes) > MOST else [_row(pairs, row, [*labels, NOTHING]) for row in [*labels, NOTHING]]
    return {
        "classes": classes,
        "plot": _plot(pairs, classes) if len(classes) <= DRAWN else None,
        "rows": list(zip([*classes, None], rows, strict=False)),
        "mixups": mixups,
        "score": evaluation.measured.score,
    }


def counts(evaluation: Evaluation) -> Counter[tuple[int, int]]:
    """How often each (annotated, predicted) pair of class ids occurs; NOTHING where there is no other side.

    An object belongs to the prediction that finds it at an overlap of 0.5; else to the best one that has it in the
    right place and names it wrongly; else it is missed. Every other prediction stands where nothing is annotated.
    """
    columns = ("row", "class_id", "score", "object", "mistake", "meant")
    seen = {row["row"]: row for row in said(evaluation).select(columns).to_pylist()}
    labels = evaluation.objects["class_id"].to_pylist()
    taken = {row["object"]: at for at, row in seen.items() if row["object"] != NOTHING}
    for at, row in sorted(seen.items(), key=lambda item: -item[1]["score"]):
        if row["mistake"] == "class":
            taken.setdefault(row["meant"], at)
    used = set(taken.values())
    pairs = Counter(
        (label, seen[taken[number]]["class_id"] if number in taken else NOTHING) for number, label in enumerate(labels)
    )
    pairs.update((NOTHING, row["class_id"]) for at, row in seen.items() if at not in used)
    return pairs


def _row(pairs: Counter[tuple[int, int]], row: int, columns: list[int]) -> dict[str, Any]:
    """The cells of a row, each with its share of it: how dark it is."""
    values = [pairs[row, column] for column in columns]
    total = sum(values)
    cells = [
        {"count": value, "share": round(value / total, 3) if total else 0.0, "right": row == column != NOTHING}
        for column, value in zip(columns, values, strict=True)
    ]
    return {"cells": cells, "total": total}


def _plot(pairs: Counter[tuple[int, int]], classes: Sequence[str]) -> dict[str, Any]:
    """The matrix as an SVG takes it: cells that are not empty, names along both sides, and its size."""
    labels = [*range(len(classes)), NOTHING]
    names = NAMES if len(classes) <= LABELLED else 0
    width = (WIDTH - names) / len(labels)
    height = min(width, HIGHEST)
    across = names and (16 if width >= NAMES else 70)  # room for upright or slanted names
    totals = [sum(pairs[row, column] for column in labels) for row in labels]
    cells = [
        {
            "x": round(names + x * width, 2),
            "y": round(across + y * height, 2),
            "count": count,
            "share": round(count / totals[y], 3),
            "right": row == column,
            "title": f"{_title(classes, row, column)}: {count:,}",
        }
        for y, row in enumerate(labels)
        for x, column in enumerate(labels)
        if (count := pairs[row, column])
    ]
    rows = [(short(name), round(across + (at + 0.5) * height, 2)) for at, name in enumerate([*classes, BACKGROUND])]
    columns = [(short(name), round(names + (at + 0.5) * width, 2)) for at, name in enumerate([*classes, MISSED])]
    return {
        "cells": cells,
        "cell": (round(width, 2), round(height, 2)),
        "rows": rows if names else [],
        "columns": columns if names else [],
        "slanted": width < NAMES,
        "numbered": len(classes) <= NUMBERED,
        "left": names,
        "top": across,
        "width": WIDTH,
        "height": round(across + len(labels) * height, 2),
    }


def short(name: str) -> str:
    """A name as it fits beside the plot."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def _title(classes: Sequence[str], row: int, column: int) -> str:
    if row == NOTHING:
        return f"{classes[column]} predicted where nothing is annotated"
    if column == NOTHING:
        return f"{classes[row]} missed"
    return f"{classes[row]} found" if row == column else f"{classes[row]} taken for {classes[column]}"
