"""A model becomes champion when it is better than the champion on the same frozen test set."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.data import champion as champions
from detector.errors import UsageError
from detector.stages import Job, Pipeline, Result, Section, Source

LIBRARIES = ("ultralytics-opencv-headless", "torch")
OVERALL = ("mAP50-95", "mAP50", "precision", "recall")
BY_CLASS = ("mAP50-95", "mAP50")
AS_BEFORE = ", as before: the same weights"


class Options(Section):
    """What the new weights have to beat before they are the champion."""

    using: Literal["better"] = "better"
    metric: str = Field("mAP50-95", description="what decides: mAP50-95, mAP50, precision, recall, or mAP50-95/<class>")
    minimum: float = Field(0.05, ge=0, le=1, description="a model below this never becomes champion")


def faults(options: Options, pipeline: Pipeline) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """A metric that is never measured."""
    names = list(metrics(pipeline))
    if options.metric not in names:
        yield ("metric",), f"{options.metric} is not measured; choose one of {', '.join(names)}"


def foresee(options: Options, pipeline: Pipeline, inputs: Mapping[str, Result]) -> None:
    """Raise UsageError for the metric of a class that the dataset version has no object of, where it is measured."""
    from detector.data.dataset import Dataset

    _, _, label = options.metric.removeprefix("box/").partition("/")
    if not label or "convert" not in inputs:
        return
    split = pipeline.measured_on
    objects = Dataset(inputs["convert"].path).conversion["kept"]["objects_in"][split]
    if not objects[label]:
        raise UsageError(
            f"promote.metric: {options.metric} can't be measured, since the {split} split has no {label}; "
            f"label some there, or choose another metric, such as {OVERALL[0]}"
        )


def look(_options: Options, datasets: Path) -> Source:
    """Who is champion, as far as is known here: a verdict on the same weights is another after a rollback."""
    champion = champions.read(datasets.name)
    return Source(champion.version if champion else "", name="the champion")


def metrics(pipeline: Pipeline) -> Iterator[str]:
    """The names that a model of this pipeline is measured under; for segment, those of masks, then those of boxes."""
    for prefix in ("", "box/") if pipeline.task == "segment" else ("",):
        yield from (f"{prefix}{name}" for name in OVERALL)
        yield from (f"{prefix}{name}/{cls}" for cls in pipeline.classes for name in BY_CLASS)


def run(job: Job[Options]) -> Result:
    """Register the weights, and name them champion or challenger. Raises UsageError for a metric that is not there.

    Weights that were champion and were rolled back are champion again only with `--force promote`.
    """
    from detector.data.dataset import Dataset
    from detector.data.evaluation import Evaluation
    from detector.data.trained import Trained
    from detector.stages.promote._contest import Ring, Verdict, judge, stays, value_of

    metric, measured = job.options.metric, Evaluation(job.inputs["evaluate"].path).measured
    value = _value(measured.metrics, metric)
    champion = job.registry.champion()
    weights = Trained(job.inputs["train"].path).best
    number = job.registry.register(weights, measured.metrics, measured.test_set)
    figures = {metric: value}
    if champion is not None and champion.number == number:
        verdict = Verdict("champion", AS_BEFORE)
    elif job.registry.rolled_back(number) and not job.forced:
        verdict = Verdict("challenger", f", was rolled back{stays(champion)}")
    else:
        ring = Ring(Dataset(job.inputs["convert"].path), measured, job.pipeline.task)
        before = value_of(champion, metric, ring, job.folder / "champion", job.report) if champion else None
        verdict = judge(value, job.options.minimum, champion, before)
        figures |= {} if before is None else {f"{metric} of the champion before": before}
    if verdict.why != AS_BEFORE:
        job.registry.name(number, verdict.alias)
    figures["champion"] = float(verdict.alias == "champion")
    summary = f"{verdict.alias}: version {number}, {metric} {value:.4f}{verdict.why}"
    left = number if verdict.alias == "champion" else champion.number if champion else ""
    return Result(job.folder, f"{number}-{verdict.alias}", summary, figures, left=left)


def _value(measured: Mapping[str, float], metric: str) -> float:
    if metric not in measured:
        raise UsageError(f"promote.metric: {metric} was not measured; choose one of {', '.join(measured)}")
    return measured[metric]
