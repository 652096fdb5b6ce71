"""What the page shows, each part gathered from what the steps left."""

from datetime import UTC, datetime
from typing import Any

from detector.page import _parts as parts
from detector.page._changes import changes
from detector.page._confusion import confusion
from detector.page._costs import table
from detector.page._curves import curves
from detector.page._data import data
from detector.page._engines import engines
from detector.page._files import files
from detector.page._findings import findings
from detector.page._mistakes import mistakes
from detector.page._precision_recall import precision_recall
from detector.page._reproduce import reproduce
from detector.page._run import Run
from detector.page._scenes import mistaken, scenes, worst
from detector.page._verdict import verdict


def view(run: Run) -> dict[str, Any]:
    """Everything that the template names, in the order of the page."""
    evaluation, dataset, comparison = run.evaluation, run.dataset, run.comparison
    return {
        "name": run.name,
        "written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "verdict": verdict(run),
        "changes": changes(comparison, dataset, run.folder),
        "won": scenes(comparison.won, dataset, "won") if comparison and dataset else [],
        "lost": scenes(comparison.lost, dataset, "lost") if comparison and dataset else [],
        "data": data(run),
        "rules": findings(run),
        "training": curves(run.results.get("train")),
        "measured": evaluation.measured if evaluation else None,
        "curve": precision_recall(evaluation),
        "confusion": confusion(evaluation),
        "mistakes": mistakes(evaluation),
        "slices": parts.slices(evaluation),
        "sizes": parts.sizes(evaluation),
        "classes": parts.classes(evaluation, dataset),
        "worst": worst(evaluation, dataset),
        "mistaken": mistaken(evaluation, dataset),
        "engines": engines(run),
        "costs": table(run.steps),
        "files": files(run),
        "reproduce": reproduce(run),
    }
