"""`detector champion`: which version is champion, how good it is, and where its files are. No server is asked."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.data import champion as champions
from detector.data import deployed
from detector.data.evaluation import Evaluation, Measured
from detector.errors import UsageError
from detector.reporting.costs import minute, size


def champion(name: str) -> dict[str, Any]:
    """The champion of pipeline `name`, as the last run or rollback here left it.

    Raises:
        UsageError: There is none.
    """
    known, deployment = champions.read(name), deployed.read(name)
    if known is None:
        raise UsageError(f"{name} has no champion here yet: `detector run` names the first one")
    folder = deployed.folder_of(name)
    evaluation = Evaluation(folder)
    measured = evaluation.measured if deployment and evaluation.file.exists() else None
    files = {place: _size(folder / place) for place in deployment.files} if deployment else {}
    return {
        "schema": 1,
        "model": name,
        **asdict(known),
        "run": deployment.run if deployment else None,
        "measured": asdict(measured) if measured else None,
        "folder": str(folder) if deployment else None,
        "files": files,
    }


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def lines(description: dict[str, Any]) -> Iterator[str]:
    """The same for a person."""
    yield f"{description['model']}: version {description['version']}, champion since {minute(description['since'])}"
    if description["run"]:
        yield f"run       {description['run']}"
    if description["measured"]:
        yield from _figures(Measured(**description["measured"]))
    if not description["folder"]:
        yield "its files are not here; the next `detector run` brings them"
        return
    yield f"files     {description['folder']}"
    width = max(map(len, description["files"]))
    for place, count in description["files"].items():
        told = "is gone; `detector run` brings it again" if count is None else f"{size(count):>8}"
        yield f"          {place:<{width}}  {told}"


def _figures(measured: Measured) -> Iterator[str]:
    metrics, bounds = measured.metrics, measured.intervals
    yield f"data      version {measured.dataset}, measured on {measured.split}"
    width = max(map(len, (*measured.classes, "mAP50-95")))
    named = {name: name for name in ("mAP50-95", "mAP50")} | {each: f"mAP50-95/{each}" for each in measured.classes}
    for title, name in named.items():
        if name in metrics:
            low, high = bounds[name]
            yield f"          {title:<{width}}  {metrics[name]:.3f} [{low:.3f}, {high:.3f}]"
    point = measured.operating_point
    right = f"precision {point['precision']:.3f}, recall {point['recall']:.3f}"
    yield f"used      from a score of {point['score']:.2f}: {right}"
    wrong = ", ".join(f"{int(each['count']):,} {kind}" for kind, each in measured.mistakes.items() if each["count"])
    yield f"mistakes  {wrong or 'none'}"
