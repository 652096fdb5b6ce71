"""New weights against the champion."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from detector import models
from detector.dataset import Dataset
from detector.errors import UsageError
from detector.report import ModelVersion
from detector.stages import Job, Result
from detector.stages.promote.better import Options


class Verdict(NamedTuple):
    """Which alias the new version takes, and why."""

    alias: str
    why: str


def contest(job: Job[Options]) -> Result:
    """See `detector.stages.promote.better.run`."""
    metric, measured = job.options.metric, job.inputs["evaluate"].figures
    value = _value(measured, metric)
    champion = job.registry.champion()
    number = job.registry.register(job.inputs["train"].path / "weights" / "best.pt", measured, measured_on(job)[1])
    figures = {metric: value}
    if champion is not None and champion.number == number:
        verdict = Verdict("champion", ", as before: the same weights")
    else:
        before = None if champion is None else _measured(job, champion)
        verdict = judge(value, job.options, champion, before)
        job.registry.name(number, verdict.alias)
        figures |= {} if before is None else {f"{metric} of the champion before": before}
    figures["champion"] = float(verdict.alias == "champion")
    summary = f"{verdict.alias}: version {number}, {metric} {value:.4f}{verdict.why}"
    return Result(job.folder, f"{number}-{verdict.alias}", summary, figures)


def _value(measured: Mapping[str, float], metric: str) -> float:
    if metric not in measured:
        raise UsageError(f"promote.metric: {metric} was not measured; choose one of {', '.join(measured)}")
    return measured[metric]


def judge(value: float, options: Options, champion: ModelVersion | None, before: float | None) -> Verdict:
    """Champion if not below the minimum, and better than `before`: the champion's value, None if it has none.

    A champion that can't be measured on this test set (other classes, another task) does not do this job any more.
    """
    if not value >= options.minimum:
        return Verdict("challenger", f", below the minimum of {options.minimum:g}")
    if champion is None:
        return Verdict("champion", ", the first")
    if before is None:
        return Verdict("champion", f"; version {champion.number} knows other classes or another task")
    if value > before:
        return Verdict("champion", f" > {before:.4f} of version {champion.number}")
    return Verdict("challenger", f", not above {before:.4f} of version {champion.number}")


def measured_on(job: Job[Options]) -> tuple[str, str]:
    """The split that `evaluate` measured on, which ends its id, and what identifies that split's content."""
    split = job.inputs["evaluate"].id.rpartition("-")[2]
    dataset = Dataset(job.inputs["convert"].path)
    return (split, dataset.test_set) if split == "test" else (split, f"{dataset.version}-{split}")


def _measured(job: Job[Options], champion: ModelVersion) -> float | None:
    """The champion's metric on the present test set: as recorded when it is the same, else measured again."""
    split, test_set = measured_on(job)
    metric = job.options.metric
    if champion.test_set == test_set and metric in champion.metrics:
        return champion.metrics[metric]
    dataset, folder = Dataset(job.inputs["convert"].path), job.folder / "champion"
    folder.mkdir()
    if not _does_this_job(champion.weights, job, dataset, folder):
        return None
    job.report.say(f"the test set has changed: measuring the champion, version {champion.number}, on it")
    return models.measure(champion.weights, dataset.data_yaml, split, None, folder).get(metric)


def _does_this_job(weights: Path, job: Job[Options], dataset: Dataset, folder: Path) -> bool:
    with models.quietly(folder / "ultralytics.log"):
        model = models.load(weights)
        return model.task == job.pipeline.task and list(model.names.values()) == dataset.classes
