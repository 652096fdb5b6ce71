"""A model becomes champion when it is better than the champion on the same frozen test set."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from detector.errors import UsageError
from detector.stages import Job, Pipeline, Result, Section

LIBRARIES = ("ultralytics-opencv-headless", "torch")
OVERALL = ("mAP50-95", "mAP50", "precision", "recall")
BY_CLASS = ("mAP50-95", "mAP50")


class Options(Section):
    """What the new weights have to beat before they are the champion."""

    using: Literal["better"] = "better"
    metric: str = Field("mAP50-95", description="what decides: mAP50-95, mAP50, precision, recall, or mAP50-95/<class>")
    minimum: float = Field(0.0, ge=0, le=1, description="a model below this never becomes champion")


def faults(options: Options, pipeline: Pipeline) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """A metric that is never measured."""
    names = list(metrics(pipeline))
    if options.metric not in names:
        yield ("metric",), f"{options.metric} is not measured; choose one of {', '.join(names)}"


def metrics(pipeline: Pipeline) -> Iterator[str]:
    """The names that a model of this pipeline is measured under; for segment, those of masks, then those of boxes."""
    for prefix in ("", "box/") if pipeline.task == "segment" else ("",):
        yield from (f"{prefix}{name}" for name in OVERALL)
        yield from (f"{prefix}{name}/{cls}" for cls in pipeline.classes for name in BY_CLASS)


def run(job: Job[Options]) -> Result:
    """Register the weights, and name them champion or challenger. Raises UsageError for a metric that is not there."""
    from detector.data.dataset import Dataset
    from detector.data.evaluation import Evaluation
    from detector.data.trained import Trained
    from detector.stages.promote._contest import Ring, Verdict, judge, value_of

    metric, measured = job.options.metric, Evaluation(job.inputs["evaluate"].path).measured
    value = _value(measured.metrics, metric)
    champion = job.registry.champion()
    weights = Trained(job.inputs["train"].path).best
    number = job.registry.register(weights, measured.metrics, measured.test_set)
    figures = {metric: value}
    if champion is not None and champion.number == number:
        verdict = Verdict("champion", ", as before: the same weights")
    else:
        ring = Ring(Dataset(job.inputs["convert"].path), measured, job.pipeline.task)
        before = value_of(champion, metric, ring, job.folder / "champion", job.report) if champion else None
        verdict = judge(value, job.options.minimum, champion, before)
        job.registry.name(number, verdict.alias)
        figures |= {} if before is None else {f"{metric} of the champion before": before}
    figures["champion"] = float(verdict.alias == "champion")
    summary = f"{verdict.alias}: version {number}, {metric} {value:.4f}{verdict.why}"
    return Result(job.folder, f"{number}-{verdict.alias}", summary, figures)


def _value(measured: Mapping[str, float], metric: str) -> float:
    if metric not in measured:
        raise UsageError(f"promote.metric: {metric} was not measured; choose one of {', '.join(measured)}")
    return measured[metric]
