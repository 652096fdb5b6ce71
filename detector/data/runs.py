"""The runs of this folder, in the order in which they began.

runs/<time>-<id>/run.json has the `number` of the run: 1, 2, 3 and so on, over all pipelines here. The time in a name is
what the clock said, which may have been years ahead once.
"""

from pathlib import Path
from typing import Any

from detector.data.places import RUNS
from detector.system.files import read_json


def begun() -> dict[Path, dict[str, Any]]:
    """Each run's folder and what its run.json says, oldest first; those without a number by name, before all others."""
    states = {file.parent: read_json(file) for file in sorted(RUNS.glob("[!.]*/run.json"))}
    return dict(sorted(((run, state) for run, state in states.items() if state), key=lambda each: _number(each[1])))


def number_of(folder: Path) -> int:
    """The number of the run that is at work in `folder`: its own, if it goes on there, or else the next."""
    numbers = {run: _number(state) for run, state in begun().items()}
    return numbers.get(folder) or max(numbers.values(), default=0) + 1


def output_of(run: Path, stage: str) -> Path | None:
    """Where the output of a run's stage lies, as in `outputs_of`; None where there is none."""
    return outputs_of(run).get(stage)


def outputs_of(run: Path) -> dict[str, Path]:
    """Where the output of each step of a run lies, which an earlier run may have made; by the step's name."""
    steps = (read_json(run / "run.json") or {"steps": []})["steps"]
    return {step["step"]: Path(step["path"]) for step in steps}


def _number(state: dict[str, Any]) -> int:
    return int(state.get("number", 0))
