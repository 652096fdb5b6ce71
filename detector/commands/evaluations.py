"""Which evaluation a person means: of a run, or of a registered version."""

from pathlib import Path
from typing import NamedTuple

from detector import record
from detector.config.pipeline import Config
from detector.data import runs
from detector.data.evaluation import Evaluation
from detector.data.places import RUNS
from detector.errors import UsageError

CHAMPION = "champion"


class Named(NamedTuple):
    """An evaluation, what to call it, and the folder of its run, if that is here."""

    name: str
    evaluation: Evaluation
    run: Path | None


def find(which: str | None, config: Config, scratch: Path) -> Named:
    """A run by its name or folder (None: the newest that has evaluated), a version by its number, or `champion`.

    What MLflow keeps is brought to `scratch`.

    Raises:
        UsageError: There is none of that name, or it has no evaluation.
    """
    if which == CHAMPION or (which or "").isdecimal():
        return _version(None if which == CHAMPION else which, config, scratch)
    run = _newest() if which is None else RUNS / Path(which).name
    folder = run and runs.output_of(run, "evaluate")
    if folder is None or not (folder / "evaluation.json").exists():
        problem = f"no run called {which} has evaluated" if which else "no run here has evaluated"
        raise UsageError(f"{problem}; name a run of `detector status`, a version's number, or {CHAMPION}")
    return Named(f"run {Path(run or '').name}", Evaluation(folder), run)


def _version(number: str | None, config: Config, scratch: Path) -> Named:
    kept = record.load(config.record.using).kept(config.record, config.name, number, scratch)
    run = RUNS / kept.run
    title = f"version {kept.number}" + (", the champion" if number is None else "")
    return Named(title, Evaluation(kept.evaluation), run if kept.run and run.exists() else None)


def _newest() -> Path | None:
    return next((run for run in reversed(runs.begun()) if runs.output_of(run, "evaluate")), None)
