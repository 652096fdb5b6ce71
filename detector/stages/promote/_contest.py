"""New weights against the champion."""

from pathlib import Path
from typing import NamedTuple

from detector.data.dataset import Dataset
from detector.data.evaluation import Measured
from detector.models.measure import measure
from detector.models.quiet import quietly
from detector.models.weights import load_model
from detector.stages.services import ModelVersion, Report
from detector.terms import Task


class Verdict(NamedTuple):
    """Which alias the new version takes, and why."""

    alias: str
    why: str


def judge(value: float, minimum: float, champion: ModelVersion | None, before: float | None) -> Verdict:
    """Champion if not below the minimum, and better than `before`: the champion's value, None if it has none.

    A champion that can't be measured on this test set (other classes, another task) does not do this job any more.
    """
    if not value >= minimum:
        return Verdict("challenger", f", below the minimum of {minimum:g}{stays(champion)}")
    if champion is None:
        return Verdict("champion", ", the first")
    if before is None:
        return Verdict("champion", f"; version {champion.number} knows other classes or another task")
    if value > before:
        return Verdict("champion", f" > {before:.4f} of version {champion.number}")
    return Verdict("challenger", f", not above {before:.4f} of version {champion.number}")


def stays(champion: ModelVersion | None) -> str:
    """The end of a sentence on weights that did not get to be compared."""
    return f"; version {champion.number} stays champion" if champion else "; there is no champion"


class Ring(NamedTuple):
    """Where two models are compared: a version, what was measured on it, and for what task."""

    dataset: Dataset
    measured: Measured
    task: Task


def value_of(champion: ModelVersion, metric: str, ring: Ring, folder: Path, report: Report) -> float | None:
    """The champion's metric on the present test set: as recorded when it is the same, else measured again.

    None for a champion of another task or other classes. `folder` is where to measure.
    """
    if champion.test_set == ring.measured.test_set and metric in champion.metrics:
        return champion.metrics[metric]
    folder.mkdir()
    if not _does_this_job(champion.fetch(), ring, folder):
        return None
    report.say(f"the test set has changed: measuring the champion, version {champion.number}, on it")
    return measure(champion.fetch(), ring.dataset.data_yaml, ring.measured.split, None, folder).get(metric)


def _does_this_job(weights: Path, ring: Ring, folder: Path) -> bool:
    with quietly(folder / "ultralytics.log"):
        model = load_model(weights)
        return model.task == ring.task and list(model.names.values()) == ring.dataset.classes
