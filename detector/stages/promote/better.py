"""A model becomes champion when it is better than the champion on the same frozen test set."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

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
    from detector.stages.promote._contest import contest

    return contest(job)
