"""Measure the best weights with Ultralytics' own metrics, and show where they fail."""

from typing import Literal

from pydantic import Field

from detector.stages import Job, Result, Section

LIBRARIES = ("ultralytics-opencv-headless", "torch")


class Options(Section):
    """What the weights are measured on."""

    using: Literal["ultralytics"] = "ultralytics"
    split: Literal["test", "val"] = Field(
        "test", description="test was never seen in training; val chose the best epoch"
    )


def run(job: Job[Options]) -> Result:
    """Measure; the result's folder holds metrics.json, predictions.parquet, plots and worst/ with pictures."""
    from detector.stages.evaluate._evaluation import evaluate

    return evaluate(job)
