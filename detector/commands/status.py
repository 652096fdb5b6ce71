"""`detector status`: the last runs and the dataset versions of this folder, without asking any server."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.data import champion, deployed, runs, studies
from detector.data.places import DATASETS, RESULTS
from detector.errors import GateRefused
from detector.reporting.costs import duration, minute
from detector.system.wrapping import cells
from detector.terms import listed

MARGIN = 21


def status(most: int = 5) -> dict[str, Any]:
    """The newest runs (at most `most`, newest first), each data set's latest version, each pipeline's champion."""
    newest = [*reversed(runs.begun().items())][:most]
    latest = sorted(DATASETS.glob("*/latest"))
    named = {file.parent.name: champion.read(file.parent.name) for file in sorted(RESULTS.glob("*/champion.json"))}
    return {
        "schema": 1,
        "runs": [state | {"run": str(folder)} for folder, state in newest],
        "datasets": {link.parent.name: link.resolve().name for link in latest},
        "champions": {name: asdict(known) for name, known in named.items() if known},
        "studies": {name: asdict(study) for name, study in studies.newest().items()},
    }


def lines(state: dict[str, Any]) -> Iterator[str]:
    """The same for a person: what is in production, then a table of the runs, and the page of the newest."""
    if not state["runs"]:
        yield "nothing has run here yet; `detector run` does what pipeline.yaml says"
        return
    for name, version in state["datasets"].items():
        yield f"{name:<{MARGIN}}data version {version}"
    for name, known in state["champions"].items():
        yield f"{name:<{MARGIN}}{_champion(name, known)}"
    for name, study in state["studies"].items():
        yield f"{name:<{MARGIN}}{_study(study)}"
    yield ""
    yield from table(("RUN (UTC)", "DATA", "mAP50-95", "TOOK", "CAME TO"), [_row(run) for run in state["runs"]])
    newest = (Path(run["run"]) / "report.html" for run in state["runs"])
    if page := next((page for page in newest if page.exists()), None):
        yield ""
        yield f"{'report':<{MARGIN}}{page}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as what is in them, two blanks apart."""
    widths = [max(map(cells, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        parts = (f"{text}{' ' * (width - cells(text))}" for text, width in zip(row, widths, strict=True))
        yield "  ".join(parts).rstrip()


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    steps = {step["step"]: step for step in run["steps"]}
    measured = steps.get("evaluate", {}).get("figures", {}).get("mAP50-95")
    version = Path(steps["convert"]["path"]).name if "convert" in steps else ""
    did = [step["seconds"] for step in run["steps"] if not step["skipped"]]
    return (
        Path(run["run"]).name,
        version,
        "" if measured is None else f"{measured:.3f}",
        duration(sum(did)) if did else "",
        _came_to(run, steps),
    )


def _came_to(run: dict[str, Any], steps: dict[str, Any]) -> str:
    """The verdict, or how far it came, or why it failed."""
    if run["status"] == "done":
        if "promote" in steps:
            return _verdict(steps["promote"]["summary"])
        return f"done until {run['steps'][-1]['step']}" if run["steps"] else "done"
    at = (run["working"] or {}).get("step")
    if run.get("exit_code") == GateRefused.exit_code:
        return f"refused by {at}: {_first_line(run)}"
    ended = f"{run['status']} in {at}" if at and at not in steps else str(run["status"])
    return f"{ended}: {_first_line(run)}" if run["status"] == "failed" else ended


def _verdict(summary: str) -> str:
    """`champion, version 3`; of a challenger also why it is none."""
    named, _, why = summary.partition("; ")
    verdict = named.partition(",")[0].replace(":", ",")
    return f"{verdict}; {why}" if why and verdict.startswith("challenger") else verdict


def _first_line(run: dict[str, Any]) -> str:
    """What failed; the way out is on the page, and was said when it did."""
    return str(run["error"]).splitlines()[0].partition(";")[0]


def _study(study: dict[str, Any]) -> str:
    best, own, verdict = study["best"], study["own"], study["verdict"]
    parts = [f"tune: {study['finished']} of {study['asked']} trials are finished"]
    parts += [f"the best, trial {best['trial']}, has {study['metric']} {best['value']:.4f} on val"] if best else []
    parts += [f"the defaults {own:.4f}"] if own is not None else []
    return "; ".join([", ".join(parts), *([verdict["why"]] if verdict else [])])


def _champion(name: str, known: dict[str, Any]) -> str:
    figures = [f"{metric} {known['metrics'][metric]:.4f}" for metric in ("mAP50-95",) if metric in known["metrics"]]
    parts = [f"champion: version {known['version']}", *figures, f"since {minute(known['since'])}"]
    if deployment := deployed.read(name):
        kinds = sorted({place.partition("/")[0] for place in deployment.files if "/" in place})
        parts.append(f"{listed(['weights', *kinds])} in {deployed.folder_of(name)}")
    return ", ".join(parts)
