"""Real trainings of micro networks on one project, and the real contest between them.

The project is the sample: its first tasks in train, and a test set that all are measured on.
"""

import json
import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from detector import sample
from detector.data.evaluation import Evaluation
from detector.measure.seeds import between_seeds
from detector.stages.promote import better
from detector.stages.promote._contest import Rules, Verdict, judge
from detector.stages.services import ModelVersion
from tests.support import training

TRAIN, VAL, TEST = 120, 20, 100
EPOCHS = 60
SETTINGS = {
    "model": "yolo11n.yaml", "scale": (0.33, 0.25, 256), "image_size": 96, "batch": 8,
    "options": {
        "mosaic": 0, "optimizer": "AdamW", "lr0": 0.004, "nbs": 8, "warmup_epochs": 1, "cache": "ram", "plots": False,
        "workers": 0,
    },
}  # fmt: skip


def all_evaluated(folder: Path, seeds: Sequence[int], **of: float) -> list[Evaluation]:
    """`evaluated` with each seed, as many at once as there are cores, each on one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), max_tasks_per_child=1) as pool:
        return [Evaluation(path) for path in pool.map(partial(_folder_of, folder, **of), seeds)]


def _folder_of(folder: Path, seed: int, **of: float) -> Path:
    return evaluated(folder / str(seed), seed, **of).folder


def evaluated(
    folder: Path, seed: int, *, train: int = TRAIN, shuffled: float = 0.0, epochs: int = EPOCHS
) -> Evaluation:
    """A network trained with `seed` on the first `train` tasks, a share of their labels `shuffled`; on the test set."""
    folder.mkdir(parents=True)
    sample.write(folder / "sample", images=TRAIN + VAL + TEST, outlines=False)
    export = folder / "sample/export.json"
    export.write_text(json.dumps(_tasks(json.loads(export.read_text()), train, shuffled)))
    pulled = training.step(folder, "pull", "label_studio_export", "detect", path=export)
    split = {"field": "split"}
    converted = training.step(folder, "convert", "yolo", "detect", inputs={"pull": pulled}, split=split)
    trained = training.step(
        folder, "train", "ultralytics", "detect", inputs={"convert": converted}, seed=seed, epochs=epochs, **SETTINGS
    )
    inputs = {"convert": converted, "train": trained}
    return Evaluation(training.step(folder, "evaluate", "ultralytics", "detect", inputs=inputs).path)


def _tasks(tasks: list[dict], train: int, shuffled: float) -> list[dict]:
    """The tasks with their split; those past `train` that are neither for val nor for test are left out."""
    chance = random.Random(0)
    test, val, rest = tasks[:TEST], tasks[TEST : TEST + VAL], tasks[TEST + VAL :][:train]
    for name, part in (("test", test), ("val", val), ("train", rest)):
        for task in part:
            task["data"]["split"] = name
    for region in (region for task in rest for each in task["annotations"] for region in each["result"]):
        labels = next(
            (value for value in region["value"].values() if isinstance(value, list) and value[:1] in _NAMES), None
        )
        if labels and chance.random() < shuffled:
            labels[:] = [chance.choice([name for name in sample.CLASSES if name != labels[0]])]
    return [*test, *val, *rest]


_NAMES = [[name] for name in sample.CLASSES]


def contest(champion: Evaluation, challenger: Evaluation, **options: object) -> Verdict:
    """What the stage decides of two models, with its own defaults."""
    given = better.Options(**options)
    noise = between_seeds(TRAIN) if given.between_seeds is None else given.between_seeds
    rules = Rules(given.metric, given.minimum, given.confidence, given.margin, given.per_class, noise)
    version = ModelVersion("1", Path, champion.measured.metrics, champion.measured.test_set)
    return judge(rules, challenger, version, champion)
