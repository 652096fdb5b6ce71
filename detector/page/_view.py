"""What the page shows, gathered from what the steps left."""

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from detector import __version__
from detector.data.dataset import Dataset
from detector.data.losses import REASONS
from detector.page._costs import table
from detector.page._curves import charts
from detector.page._pictures import embedded
from detector.reporting.costs import duration
from detector.reporting.outcome import Done
from detector.stages import Result
from detector.terms import SPLITS

LIBRARIES = (
    "torch",
    "ultralytics-opencv-headless",
    "albumentations",
    "fiftyone",
    "mlflow",
    "onnxruntime",
    "tensorrt",
    "tensorrt-rtx",
)
HEADLINE = ("mAP50-95", "mAP50", "precision", "recall")
PLOTS = {"PR_curve.png": "Precision over recall", "confusion_matrix_normalized.png": "Confusion"}
TASKS_NAMED = 20


def view(name: str, steps: Sequence[Done], dataset: Dataset | None, resolved: str) -> dict[str, Any]:
    """Everything that the template names."""
    results = {step.name: step.result for step in steps}
    return {
        "name": name,
        "written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "steps": [vars(step) | {"time": duration(step.seconds)} for step in steps],
        "total": duration(sum(step.seconds for step in steps)),
        "verdict": results["promote"].summary if "promote" in results else None,
        "data": None if dataset is None else _data(dataset),
        "rules": _rules(results.get("check")),
        "charts": charts(results.get("train")),
        "scores": _scores(results.get("evaluate"), dataset),
        "worst": [embedded(file, file.stem) for file in _artifacts(results.get("evaluate"), "worst")],
        "exports": [{"format": name.partition(".")[2], **_export(result)} for name, result in _exports(steps)],
        "costs": table(steps),
        "versions": list(_versions()),
        "resolved": resolved,
    }


def _data(dataset: Dataset) -> dict[str, Any]:
    account = dataset.conversion
    kept, tasks = account["kept"], dict[int | str | None, str](_links(dataset))
    losses = {action: _losses(account[action], tasks) for action in ("excluded", "dropped", "changed")}
    rows = [(label, [kept["objects_in"][split][label] for split in SPLITS]) for label in dataset.classes]
    return {"version": dataset.version, "kept": kept, "splits": SPLITS, "classes": rows, "losses": losses}


def _links(dataset: Dataset) -> Iterator[tuple[int, str]]:
    for task, link in zip(dataset.images["task_id"].to_pylist(), dataset.images["link"].to_pylist(), strict=True):
        if link and link.startswith(("http://", "https://")):
            yield task, link


def _losses(listed: Mapping[str, list[dict[str, Any]]], links: Mapping[int | str | None, str]) -> list[dict[str, Any]]:
    """A row for each reason: how many, why, and the tasks by number and link."""
    rows = []
    for reason, entries in listed.items():
        tasks = list(dict.fromkeys(entry.get("task_id", entry.get("detail")) for entry in entries))
        named = [(task, links.get(task)) for task in tasks[:TASKS_NAMED]]
        rows.append({"count": len(entries), "why": REASONS[reason], "tasks": named, "more": len(tasks) - len(named)})
    return rows


def _rules(check: Result | None) -> dict[str, list[Any]]:
    """The rules that found something worth a look, in full, and the names of those that passed."""
    file = None if check is None else check.path / "findings.json"
    rules = json.loads(file.read_text(encoding="utf-8"))["rules"] if file is not None and file.exists() else []
    named = [rule | {"name": rule["rule"].replace("_", " ")} for rule in rules]
    return {
        "found": [rule for rule in named if rule["verdict"] != "passed"],
        "passed": [rule["name"] for rule in named if rule["verdict"] == "passed"],
    }


def _scores(evaluate: Result | None, dataset: Dataset | None) -> dict[str, Any] | None:
    if evaluate is None or dataset is None:
        return None
    figures = evaluate.figures
    by_class = ("mAP50-95", "mAP50", *(("box/mAP50-95", "box/mAP50") if "box/mAP50" in figures else ()))
    rows = [(label, [figures.get(f"{name}/{label}") for name in by_class]) for label in dataset.classes]
    plots = [
        embedded(file, title)
        for ending, title in PLOTS.items()
        for file in _artifacts(evaluate, "evaluate")
        if file.name.endswith(ending)
    ]
    headline = {name: figures[name] for name in HEADLINE if name in figures}
    return {"headline": headline, "columns": by_class, "classes": rows, "plots": plots, "summary": evaluate.summary}


def _artifacts(result: Result | None, folder: str) -> list[Any]:
    return [] if result is None else [file for file in result.artifacts.get(folder, []) if file.exists()]


def _exports(steps: Sequence[Done]) -> Iterator[tuple[str, Result]]:
    yield from ((step.name, step.result) for step in steps if step.name.partition(".")[0] == "export")


def _export(result: Result) -> dict[str, Any]:
    return {"summary": result.summary, "skipped": bool(result.figures.get("skipped")), "folder": result.path}


def _versions() -> Iterator[tuple[str, str]]:
    yield "detector", __version__
    yield "python", platform.python_version()
    for name in LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
