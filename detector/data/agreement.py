"""How far the people who annotated the same tasks agree: by two of them, by label, by kind of shape, and by person.

An object that both drew, with one label, is agreed on. Otherwise it has another label, or one of them did not draw it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from detector.terms import counted

_MOST = 5  # labels that a person is told to look at
_FEW = 3  # objects; fewer say nothing of a person
Rows = Sequence[Mapping[str, Any]]


def summary(agreement: pa.Table, *, names: bool = False) -> dict[str, Any] | None:
    """What is told of it, for JSON; None where no two people annotated the same task.

    People are numbered, the ones with the most objects first, unless their `names` are wanted.
    """
    rows = agreement.to_pylist()
    if not rows:
        return None
    objects = Counter(chain.from_iterable((row["one"], row["other"]) for row in rows))
    people = sorted(objects, key=lambda name: (-objects[name], name))
    called: dict[str, Any] = {name: name if names else number for number, name in enumerate(people, 1)}
    return {
        "tasks": len({row["task_id"] for row in rows}),
        **_figures(rows),
        "pairs": [
            {"one": called[one], "other": called[other], **_figures(own)}
            for (one, other), own in _by(rows, lambda row: [(row["one"], row["other"])])
        ],
        "labels": [
            {"label": label, **_figures(own), "also_called": _others(own, label)} for label, own in _labels(rows)
        ],
        "types": [{"type": kind, **_figures(own)} for kind, own in _by(rows, lambda row: [row["type"]])],
        "annotators": [{"annotator": called[name], **_person(name, rows)} for name in people],
    }


def _by(rows: Rows, keys: Any) -> list[tuple[Any, Rows]]:
    """The rows that have each key, the commonest first."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        for key in keys(row):
            groups.setdefault(key, []).append(row)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _labels(rows: Rows) -> list[tuple[str, Rows]]:
    return _by(rows, lambda row: {row["one_label"], row["other_label"]} - {None})


def _figures(rows: Rows) -> dict[str, Any]:
    """How many objects, on which share of them both agree, and how well those that both drew overlap."""
    ious = [row["iou"] for row in rows if row["iou"] is not None]
    return {
        "objects": len(rows),
        "agreed": round(sum(_is_agreed(row) for row in rows) / len(rows), 4),
        "iou": round(sum(ious) / len(ious), 4) if ious else None,
    }


def _is_agreed(row: Mapping[str, Any]) -> bool:
    return bool(row["one_label"] == row["other_label"])


def _others(rows: Rows, label: str) -> dict[str, int]:
    """What else objects of a label are called, by the other person, and how often."""
    pairs = [{row["one_label"], row["other_label"]} for row in rows if row["iou"] is not None]
    return dict(Counter(other for pair in pairs for other in pair - {label}).most_common())


def _person(name: str, rows: Rows) -> dict[str, Any]:
    """The figures of one person, and the labels where others differ the most."""
    own = [row if row["one"] == name else _turned(row) for row in rows if name in {row["one"], row["other"]}]
    labels = [{"label": label, **_differences(of, label)} for label, of in _labels(own)]
    differing = [each for each in labels if each["objects"] >= _FEW and each["agreed"] < each["objects"]]
    differing.sort(key=lambda each: (each["agreed"] / each["objects"], -each["objects"]))
    return {"tasks": len({row["task_id"] for row in own}), **_figures(own), "differs": differing[:_MOST]}


def _turned(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same, from the other's side."""
    return {**row, "one_label": row["other_label"], "other_label": row["one_label"]}


def _differences(rows: Rows, label: str) -> dict[str, Any]:
    """Of a label, from one person's side: what the others agree with, did not draw, drew alone, and call otherwise."""
    drawn = [row for row in rows if row["one_label"] == label]
    return {
        "objects": len(rows),
        "agreed": sum(map(_is_agreed, rows)),
        "alone": sum(row["other_label"] is None for row in drawn),
        "missed": sum(row["one_label"] is None for row in rows),
        "called_by_others": dict(Counter(_other_names(drawn, label)).most_common()),
    }


def _other_names(rows: Rows, label: str) -> Iterable[str]:
    return (row["other_label"] for row in rows if row["other_label"] not in {None, label})


def needs(difference: Mapping[str, Any]) -> str:
    """`car: agrees on 3 of 9; 2 drawn alone, 1 missed, 3 that others call van`, for a person."""
    said = [f"{difference['alone']:,} drawn alone"] if difference["alone"] else []
    said += [f"{difference['missed']:,} missed"] if difference["missed"] else []
    said += [f"{count:,} that others call {other}" for other, count in difference["called_by_others"].items()]
    agreed = f"agrees on {difference['agreed']:,} of {difference['objects']:,}"
    return f"{difference['label']}: {'; '.join([agreed, ', '.join(said)] if said else [agreed])}"


def sentence(told: Mapping[str, Any]) -> str:
    """What comes first of a summary."""
    overlap = f", with a mean overlap (IoU) of {told['iou']:.2f}" if told["iou"] is not None else ""
    return (
        f"{counted(told['tasks'], 'task')} had more than one annotator: they agree on {told['agreed']:.0%} of"
        f" {counted(told['objects'], 'object')}{overlap}"
    )
