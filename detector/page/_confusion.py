"""What is taken for what, at the operating point: annotated classes beside predicted ones."""

from collections import Counter
from typing import Any, NamedTuple

from detector.data.evaluation import Evaluation
from detector.measure.marks import said

MOST = 20  # classes of a table; of more, only the commonest mix-ups are listed
NOTHING = -1  # nothing was predicted, or nothing is annotated


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
