"""`detector status`: the last runs and the dataset versions of this folder, without asking any server."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.data import champion, runs, studies
from detector.data.places import DATASETS, RESULTS


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


def lines(state: dict[str, Any]) -> list[str]:
    """The same for a person."""
    if not state["runs"]:
        return ["nothing has run here yet; `detector run` does what pipeline.yaml says"]
    shown = [f"{name:<18}dataset version {version}" for name, version in state["datasets"].items()]
    shown += [f"{name:<18}{_champion(known)}" for name, known in state["champions"].items()]
    shown += [f"{name:<18}{_study(study)}" for name, study in state["studies"].items()]
    for run in state["runs"]:
        last = run["steps"][-1] if run["steps"] else None
        note = run["error"] or (f"{last['step']}: {last['summary']}" if last else "")
        shown.append(f"{Path(run['run']).name}  {run['status']:<12}{note.splitlines()[0] if note else ''}".rstrip())
    return shown


def _study(study: dict[str, Any]) -> str:
    best, own, verdict = study["best"], study["own"], study["verdict"]
    parts = [f"tune: {study['finished']} of {study['asked']} trials are finished"]
    parts += [f"the best, trial {best['trial']}, has {study['metric']} {best['value']:.4f} on val"] if best else []
    parts += [f"the defaults {own:.4f}"] if own is not None else []
    return "; ".join([", ".join(parts), *([verdict["why"]] if verdict else [])])


def _champion(known: dict[str, Any]) -> str:
    figures = [f"{name} {known['metrics'][name]:.4f}" for name in ("mAP50-95",) if name in known["metrics"]]
    return ", ".join([f"champion: version {known['version']}", *figures, f"since {known['since']}"])
