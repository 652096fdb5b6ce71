"""New weights against the champion: figures with paired intervals, and what each class was trained on."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from detector.data import champion as champions
from detector.data.comparison import Comparison, Difference
from detector.data.dataset import Dataset
from detector.data.runs import begun
from detector.data.settings import differing
from detector.page._curves import nice
from detector.page._strips import change
from detector.reporting.costs import minute

OVERALL = ("mAP50-95", "mAP50", "mAP75", "precision", "recall", "F1")
BY_CLASS = "mAP50-95/"
FEW = 12  # classes that are all shown; of more, only those that changed for sure


def changes(comparison: Comparison | None, dataset: Dataset | None, run: Path) -> dict[str, Any] | None:
    """The rows of the forest plot and its axis, settings, and objects by class; None where nothing was compared.

    `run` is the folder of the run.
    """
    if comparison is None or dataset is None:
        return None
    figures = {name: each for name, each in comparison.figures.items() if math.isfinite(each.change)}
    overall = {name: figures[name] for name in OVERALL if name in figures}
    of_class = {name.removeprefix(BY_CLASS): each for name, each in figures.items() if name.startswith(BY_CLASS)}
    ordered = dict(sorted(of_class.items(), key=lambda item: -item[1].change))
    shown = {name: each for name, each in ordered.items() if len(ordered) <= FEW or standing(each) != "even"}
    ticks = nice(max(map(_reach, [*overall.values(), *shown.values()]), default=0.0) or 0.1)
    return {
        "champion": comparison.champion,
        "since": _since(comparison.champion, dataset),
        "images": comparison.images,
        "split": comparison.split,
        "most": ticks[-1],
        "figures": [_row(name, each, ticks[-1]) for name, each in overall.items()],
        "classes": [_row(name, each, ticks[-1]) for name, each in shown.items()],
        "hidden": [_row(name, each, ticks[-1]) for name, each in ordered.items() if name not in shown],
        "told": _sure(ordered),
        "settings": differing(_of_champion(comparison.champion, run), run),
        "data": _data(comparison.dataset, dataset),
    }


def _since(version: str, dataset: Dataset) -> str | None:
    """From when on this version is champion; None where another is by now."""
    known = champions.read(dataset.folder.parent.name)
    return minute(known.since) if known and known.version == version else None


def standing(difference: Difference) -> str:
    """`better` or `worse` where the whole interval is on one side of zero, else even."""
    return "better" if difference.low > 0 else "worse" if difference.high < 0 else "even"


def _reach(difference: Difference) -> float:
    return max(abs(end) for end in (difference.low, difference.high, difference.change) if math.isfinite(end))


def _row(name: str, difference: Difference, most: float) -> dict[str, Any]:
    strip = change(difference.change, (difference.low, difference.high), most)
    return {"name": name, "difference": difference, "standing": standing(difference), "strip": strip}


def _of_champion(version: str, run: Path) -> Path | None:
    """The folder of the run that made this version champion; None where it is not here any more."""
    for folder, state in reversed(begun().items()):
        promoted = [step["figures"].get("champion") for step in state["steps"] if step["step"] == "promote"]
        champion = (state.get("champion") or {}).get("version")
        if promoted == [1] and champion == version and folder.name != run.name:
            return folder
    return None


def _sure(classes: Mapping[str, Difference]) -> dict[str, list[str]]:
    """The classes that gained and lost for sure."""
    return {side: [name for name in classes if standing(classes[name]) == side] for side in ("better", "worse")}


def _data(version: str | None, dataset: Dataset) -> dict[str, Any]:
    """What the champion was trained on beside what these weights were: images and objects in train, by class."""
    data: dict[str, Any] = {"before": version, "now": dataset.version, "rows": [], "known": version is not None}
    if version is None or version == dataset.version:
        return data
    try:
        file = dataset.folder.parent / version / "conversion.json"
        before = json.loads(file.read_text(encoding="utf-8"))["kept"]
        return data | {"rows": list(_counts(before, dataset.conversion["kept"]))}
    except (OSError, ValueError, KeyError):  # pruned since, or of another version of this program
        return data | {"known": False}


def _counts(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    old, new = before["objects_in"]["train"], now["objects_in"]["train"]
    yield _count("images", before["images_in"]["train"], now["images_in"]["train"])
    yield _count("objects", sum(old.values()), sum(new.values()))
    for name in dict.fromkeys([*new, *old]):
        if old.get(name, 0) != new.get(name, 0):
            yield _count(name, old.get(name, 0), new.get(name, 0))


def _count(name: str, before: int, now: int) -> dict[str, Any]:
    return {"name": name, "before": before, "now": now, "change": now - before}
