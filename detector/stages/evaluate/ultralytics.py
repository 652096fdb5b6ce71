"""Measure the best weights by COCO's rules, in one pass by Ultralytics' validator, and show where they fail."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector import measure
from detector.errors import UsageError, did_you_mean
from detector.stages import Job, Pipeline, Result, Section
from detector.stages import kept_and_shown as kept

if TYPE_CHECKING:
    from detector.data.dataset import Split
    from detector.data.evaluation import Measured

__all__ = ["LIBRARIES", "Options", "foresee", "kept", "run"]
LIBRARIES = (*measure.LIBRARIES, "pillow")


class Options(Section):
    """What the weights are measured on, and from which score on a prediction counts."""

    using: Literal["ultralytics"] = "ultralytics"
    split: Literal["test", "val"] = Field(
        "test", description="test was never seen in training; val chose the best epoch"
    )
    precision: float | None = Field(
        None,
        gt=0,
        le=1,
        description="the operating point has at least this precision, and the most recall; left out, the best F1",
    )
    slices: list[str] = Field(
        [], description="data fields of the tasks to measure by, each value on its own", examples=["data.camera"]
    )


def foresee(options: Options, _pipeline: Pipeline, inputs: Mapping[str, Result]) -> None:
    """Raise UsageError if the split has no image, or a field of `slices` is in no task of it."""
    from detector.data.dataset import Dataset

    if "convert" not in inputs:
        return
    split = Dataset(inputs["convert"].path).on(options.split)
    if not split.images:
        raise UsageError(f"there is not one image in {options.split}; give it a share in convert.split")
    known = _fields(split) if options.slices else set()
    for field in options.slices:
        if (name := field.removeprefix("data.")) not in known:
            hint, fields = did_you_mean(name, sorted(known)), ", ".join(sorted(known)) or "none"
            raise UsageError(
                f"evaluate.slices: no task of {options.split} has the field {field}; there is: {fields}{hint}"
            )


def _fields(split: "Split") -> set[str]:
    rows = zip(split.dataset.images["split"].to_pylist(), split.dataset.images["data"].to_pylist(), strict=True)
    return {name for part, text in rows if part == split.name and text for name in json.loads(text)}


def run(job: Job[Options]) -> Result:
    """Measure; the result's folder is an Evaluation, and worst/ has pictures."""
    from detector.data.dataset import Dataset
    from detector.data.trained import Trained
    from detector.measure.evaluate import Wanted, judge
    from detector.models.validate import seen_on
    from detector.stages.evaluate._fiftyone import show
    from detector.stages.evaluate._said import by_image, said
    from detector.stages.evaluate._words import notes, summary
    from detector.stages.evaluate._worst import draw_worst

    split = Dataset(job.inputs["convert"].path).on(job.options.split)
    trained = Trained(job.inputs["train"].path)
    wanted = Wanted(job.options.precision, job.options.slices)
    with job.report.progress("evaluate", split.images) as advance:
        seen = seen_on(trained.best, split, job.folder, advance, job.shards)
    evaluation = judge(seen, split, trained.made_from.fingerprint, job.folder, wanted)
    predictions = said(evaluation, split.dataset)
    worst = draw_worst(split.dataset, by_image(evaluation, predictions), job.folder / "worst")
    shown = show(split, job.pipeline.name, evaluation, predictions, job.fiftyone)
    measured = evaluation.measured
    return Result(
        path=job.folder,
        id=evaluation.id,
        summary=summary(measured, split.images),
        figures=figures(measured),
        artifacts={"evaluate": evaluation.files, "worst": worst},
        notes=[*notes(evaluation, worst), *shown],
        images=split.images,
    )


def figures(measured: "Measured") -> dict[str, float]:
    """The metrics, and of the first two the interval, as `interval/mAP50-95/low`."""
    return {**measured.metrics, **dict(_ends(measured))}


def _ends(measured: "Measured") -> Iterator[tuple[str, float]]:
    for name in ("mAP50-95", "mAP50"):
        for end, value in zip(("low", "high"), measured.intervals.get(name, ()), strict=False):
            yield f"interval/{name}/{end}", value
