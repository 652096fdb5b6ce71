"""`detector status`: the last runs and the dataset versions of this folder, without asking any server."""

import json
from pathlib import Path
from typing import Any

from detector.data.places import DATASETS, RUNS


def status(most: int = 5) -> dict[str, Any]:
    """The newest runs (at most `most`, newest first) and each data set's latest version."""
    files = sorted(RUNS.glob("*/run.json"), reverse=True)[:most]
    latest = sorted(DATASETS.glob("*/latest"))
    return {
        "schema": 1,
        "runs": [json.loads(file.read_text()) | {"run": str(file.parent)} for file in files],
        "datasets": {link.parent.name: link.resolve().name for link in latest},
    }


def lines(state: dict[str, Any]) -> list[str]:
    """The same for a person."""
    if not state["runs"]:
        return ["nothing has run here yet; `detector run` does what pipeline.yaml says"]
    shown = [f"{name:<18}dataset version {version}" for name, version in state["datasets"].items()]
    for run in state["runs"]:
        last = run["steps"][-1] if run["steps"] else None
        what = run["error"] or (f"{last['step']}: {last['summary']}" if last else "")
        shown.append(f"{Path(run['run']).name}  {run['status']:<12}{what.splitlines()[0] if what else ''}".rstrip())
    return shown
