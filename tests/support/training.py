"""A small version of the sample project, and micro networks trained on it for two epochs."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from detector import sample
from detector.stages import Result, load
from detector.system.shards import alone
from detector.terms import SPLITS
from tests.support.jobs import Pipeline, make_job
from tests.support.quiet import Quiet

IMAGES, EPOCHS, SIZE = 12, 2, 64


@dataclass
class Recorded(Quiet):
    """A report that also remembers numbers: metrics by step, and parameters."""

    steps: list = field(default_factory=list)
    used: dict = field(default_factory=dict)

    def parameters(self, values):
        self.used |= values

    def metrics(self, values, step=0):
        self.steps.append((step, dict(values)))


def step(
    folder: Path, stage: str, using: str, task: str, *, report=None, inputs=None, registry=None,
    classes=sample.CLASSES, shards=alone, **options,
) -> Result:  # fmt: skip
    """Run one backend in a folder of its own."""
    backend = load(stage, using)
    place = folder / stage
    while place.exists():
        place = place.with_name(place.name + "-again")
    job = make_job(
        backend.Options(**options),
        Pipeline("sample-parts", task, classes),
        inputs,
        datasets=folder / "datasets",
        folder=place,
        backend=backend,
        report=report or Recorded(),
        shards=shards,
        registry=registry,
    )
    return backend.run(job)


def version(folder: Path, task: str) -> Result:
    """The sample project, pulled and converted; its tasks take turns in train, val and test."""
    sample.write(folder / "sample", images=IMAGES, outlines=task == "segment")
    export = folder / "sample/export.json"
    tasks = json.loads(export.read_text())
    for at, each in enumerate(tasks):
        each["data"]["split"] = SPLITS[at % 3]
    export.write_text(json.dumps(tasks))
    pulled = step(folder, "pull", "label_studio_export", task, path=export)
    return step(folder, "convert", "yolo", task, inputs={"pull": pulled}, split={"field": "split"})


def train(folder: Path, task: str, converted: Result, report=None, registry=None, **options) -> Result:
    """Train the smallest network that there is for the task."""
    given = {"model": "yolo11n.yaml" if task == "detect" else "yolo11n-seg.yaml", "scale": (0.33, 0.125, 256)}
    given |= {"epochs": EPOCHS, "image_size": SIZE, "batch": 4, "options": {"mosaic": 0, "plots": False}}
    around = {"report": report, "registry": registry, "inputs": {"convert": converted}}
    return step(folder, "train", "ultralytics", task, **around, **(given | options))
