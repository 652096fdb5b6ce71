"""What measuring costs: `evaluate` beside a bare `yolo val`, and the intervals of a large test set.

A network is trained for a moment on the sample project, then measured on its train split (the most images), in rounds
that alternate: our whole evaluation (predictions, COCO's metrics, intervals, mistakes, tables) beside Ultralytics' own
validation of the same weights on the same images, at the same batch, without its plots. Of each task yolo11n at 640
pixels, and a micro network at 128, which itself takes next to nothing. Seconds are medians. Then 1,000 resamples of
1,000 images with 10 objects each, of two classes, and a hundred predictions an image.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from detector.data.dataset import Dataset, Split
from detector.measure.evaluate import Weights, evaluate
from detector.measure.intervals import RESAMPLES, drawn, intervals
from detector.measure.matches import THRESHOLDS
from detector.measure.precision import by_class, resamples
from detector.models.quiet import device, quietly
from detector.models.weights import load_model

BATCH = 16
ROUNDS = {"micro": 5, "nano": 3}
SETTINGS = {"micro": ["train.epochs=6"], "nano": ["train.epochs=1", "train.image_size=640", "train.scale=null"]}
IMAGES, OBJECTS, PREDICTIONS = 1000, 10, 100


def trained(folder: Path, task: str, network: str) -> tuple[Path, Split]:
    """Weights of the sample project, and the split that they are measured on."""
    run = [sys.executable, "-m", "detector"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    subprocess.run([*run, "init", "--task", task], cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    settings = [word for each in ("check.using=rules", *SETTINGS[network]) for word in ("--set", each)]
    subprocess.run(
        [*run, "run", "--until", "train", *settings], cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment
    )
    [weights] = folder.glob("runs/*/train/weights/best.pt")
    return weights, Dataset((folder / "datasets/sample-parts/latest").resolve()).on("train")


def ours(weights: Path, split: Split, folder: Path) -> None:
    folder.mkdir()
    evaluate(Weights(weights, "of the benchmark"), split, folder, lambda _: None)


def bare(weights: Path, split: Split, folder: Path) -> None:
    folder.mkdir()
    with quietly(folder / "log"):
        load_model(weights).val(
            data=str(split.dataset.data_yaml), split=split.name, batch=BATCH, plots=False, device=device(),
            save_dir=str(folder),
        )  # fmt: skip


def beside(folder: Path, task: str, network: str) -> dict[str, object]:
    folder.mkdir()
    weights, split = trained(folder, task, network)
    seconds: dict[str, list[float]] = {"evaluate": [], "yolo_val": []}
    for round_ in range(ROUNDS[network] + 1):
        for name, work in (("evaluate", ours), ("yolo_val", bare)):
            started = time.perf_counter()
            work(weights, split, folder / f"{name}-{round_}")
            if round_:  # the first one warms up
                seconds[name].append(time.perf_counter() - started)
    medians = {name: round(statistics.median(values), 3) for name, values in seconds.items()}
    ratio = round(medians["evaluate"] / medians["yolo_val"], 3)
    return {"benchmark": f"evaluate_{task}_{network}", "images": split.images, **medians, "ratio": ratio}


def many() -> dict[str, object]:
    """A detector that is right seven times in ten, among many predictions of little score."""
    random = np.random.default_rng(0)
    image = np.repeat(np.arange(IMAGES), PREDICTIONS)
    label, score = random.integers(0, 2, len(image)), random.random(len(image))
    right = np.argsort(-random.random((IMAGES, PREDICTIONS)), axis=1) < OBJECTS * 0.7
    best = random.random((len(image), 1)) * right.ravel()[:, None]
    found = (best > np.linspace(0, 0.9, len(THRESHOLDS))) & right.ravel()[:, None]
    score = np.where(right.ravel(), 0.3 + 0.7 * score, score**4)
    objects = [np.full(IMAGES, OBJECTS // 2)] * 2
    classes = dict(zip(("one", "two"), by_class(image, label, score, found, objects), strict=True))
    started = time.perf_counter()
    bounds = intervals(drawn(classes, resamples(IMAGES, RESAMPLES)))
    seconds = round(time.perf_counter() - started, 2)
    shape = {"images": IMAGES, "objects": IMAGES * OBJECTS, "predictions": len(image), "resamples": RESAMPLES}
    return {"benchmark": "intervals", **shape, "seconds": seconds, "mAP50-95": list(bounds["mAP50-95"])}


if __name__ == "__main__":
    print(json.dumps(many()))
    with tempfile.TemporaryDirectory() as scratch:
        for network in SETTINGS:
            for task in ("detect", "segment"):
                print(json.dumps(beside(Path(scratch) / f"{task}-{network}", task, network)), flush=True)
