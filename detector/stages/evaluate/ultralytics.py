"""Measure the best weights with Ultralytics' own metrics, and show where they fail."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector.errors import UsageError
from detector.stages import Job, Pipeline, Result, Section
from detector.terms import counted

if TYPE_CHECKING:
    from detector.stages.evaluate._mistakes import Judged

LIBRARIES = ("ultralytics-opencv-headless", "torch", "numpy", "opencv-python-headless", "pillow", "pyarrow")
LOG = "ultralytics.log"


class Options(Section):
    """What the weights are measured on."""

    using: Literal["ultralytics"] = "ultralytics"
    split: Literal["test", "val"] = Field(
        "test", description="test was never seen in training; val chose the best epoch"
    )


def foresee(options: Options, _pipeline: Pipeline, inputs: Mapping[str, Result]) -> None:
    """Raise UsageError if the split has no image."""
    from detector.data.dataset import Dataset

    if "convert" in inputs and not Dataset(inputs["convert"].path).conversion["kept"]["images_in"][options.split]:
        raise UsageError(f"there is not one image in {options.split}; give it a share in convert.split")


def run(job: Job[Options]) -> Result:
    """Measure; the result's folder is an Evaluation, with plots, and worst/ with pictures."""
    from detector.data.dataset import Dataset
    from detector.data.evaluation import Evaluation, Measured
    from detector.data.trained import Trained
    from detector.models.measure import measure
    from detector.stages.evaluate._fiftyone import show
    from detector.stages.evaluate._mistakes import judge, per_image
    from detector.stages.evaluate._predictions import predictions
    from detector.stages.evaluate._worst import draw_worst

    dataset, trained = Dataset(job.inputs["convert"].path), Trained(job.inputs["train"].path)
    evaluation, split = Evaluation(job.folder), job.options.split
    images = dataset.conversion["kept"]["images_in"][split]
    metrics = measure(trained.best, dataset.data_yaml, split, None, job.folder, plots=True)
    with job.report.progress("evaluate", images) as advance:
        table = predictions(trained.best, dataset, split, job.folder / LOG, advance)
    judged = judge(dataset, table, split)
    measured = Measured(split, dataset.version, dataset.content_of(split), trained.made_from.fingerprint, metrics)
    evaluation.write(measured, table, per_image(judged))
    worst = draw_worst(dataset, judged, job.folder / "worst")
    shown = show(dataset, job.pipeline.name, table, split, job.fiftyone)
    plots = sorted([*job.folder.glob("*.png"), *job.folder.glob("*.jpg")])
    return Result(
        path=job.folder,
        id=evaluation.id,
        summary=_summary(metrics, split, images),
        figures=metrics,
        artifacts={"evaluate": [*evaluation.files, *plots], "worst": worst},
        notes=[_note(judged, worst), *shown],
        images=images,
    )


def _summary(metrics: Mapping[str, float], split: str, images: int) -> str:
    return (
        f"{counted(images, f'{split} image')}: "
        f"mAP50 {metrics['mAP50']:.3f}, mAP50-95 {metrics['mAP50-95']:.3f}, "
        f"precision {metrics['precision']:.3f}, recall {metrics['recall']:.3f}"
    )


def _note(judged: "Sequence[Judged]", worst: Sequence[Path]) -> str:
    from detector.stages.evaluate._mistakes import SHOWN_FROM

    missed, false = sum(len(image.missed) for image in judged), sum(len(image.false) for image in judged)
    note = f"{counted(missed, 'object')} missed and {false:,} false, at a score of {SHOWN_FROM}"
    return f"{note}; the worst images: {worst[0].parent}" if worst else note
