"""One evaluation: metrics, predictions, and pictures of the worst images."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from detector import models
from detector.dataset import Dataset
from detector.errors import DetectorError
from detector.stages import Job, Result
from detector.stages.evaluate._fiftyone import show
from detector.stages.evaluate._mistakes import SHOWN_FROM, Judged, judge
from detector.stages.evaluate._predictions import predictions
from detector.stages.evaluate._worst import draw_worst
from detector.stages.evaluate.ultralytics import Options

LOG = "ultralytics.log"


def evaluate(job: Job[Options]) -> Result:
    """Measure the weights that train gave, in the job's folder."""
    dataset, weights = Dataset(job.inputs["convert"].path), job.inputs["train"].path / "weights/best.pt"
    split = job.options.split
    if split not in dataset.images["split"].to_pylist():
        raise DetectorError(f"there is not one image in {split}; give it a share in convert.split")
    metrics = models.measure(weights, dataset.data_yaml, split, None, job.folder, plots=True)
    (job.folder / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False))
    with job.report.progress("evaluate", dataset.images["split"].to_pylist().count(split)) as advance:
        table = predictions(weights, dataset, split, job.folder / LOG, advance)
    pq.write_table(table, job.folder / "predictions.parquet")
    judged = judge(dataset, table, split)
    worst = draw_worst(dataset, judged, job.folder / "worst")
    shown = show(dataset, job.pipeline.name, table, split, runs=job.folder.parent.parent)
    plots = sorted([*job.folder.glob("*.png"), *job.folder.glob("*.jpg")])
    return Result(
        path=job.folder,
        id=f"{dataset.test_set}-{job.inputs['train'].id}-{split}",
        summary=_summary(metrics, split, len(judged)),
        figures=metrics,
        artifacts={
            "evaluate": [job.folder / "metrics.json", job.folder / "predictions.parquet", *plots],
            "worst": worst,
        },
        notes=[*_notes(judged, worst), *shown],
        images=len(judged),
    )


def _summary(metrics: dict[str, float], split: str, images: int) -> str:
    return (
        f"{images} {split} images: mAP50 {metrics['mAP50']:.3f}, mAP50-95 {metrics['mAP50-95']:.3f}, "
        f"precision {metrics['precision']:.3f}, recall {metrics['recall']:.3f}"
    )


def _notes(judged: list[Judged], worst: list[Path]) -> list[str]:
    missed, false = sum(len(image.missed) for image in judged), sum(len(image.false) for image in judged)
    note = f"{missed} objects missed and {false} false, at a score of {SHOWN_FROM}"
    return [f"{note}; the worst images: {worst[0].parent}" if worst else note]
