"""What the train stage costs beside a bare Ultralytics call with the same arguments, and what its epochs wait for.

The two alternate, each in a process of its own: the sample project here, or with --export any Label Studio export
(a folder with export.json, as of BCCD) at any image size. Seconds are of the training alone, imports apart: medians,
and the ratio of each round. On one thread, every figure of every epoch is compared, too. `wait` is the share of the
epochs' time that no batch was ready, `step` of learning, `val` of measuring on val, `save` of keeping the weights.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from detector.data.dataset import Dataset  # noqa: E402
from detector.models.quiet import device, quietly  # noqa: E402
from detector.models.weights import architecture, load_model  # noqa: E402
from detector.stages.train._defaults import settle  # noqa: E402
from detector.stages.train._facts import facts_of  # noqa: E402
from detector.stages.train.ultralytics import Options, run  # noqa: E402
from tests.support.jobs import Pipeline, job  # noqa: E402

SAMPLE = {"model": "yolo11n.yaml", "scale": (0.33, 0.25, 256), "epochs": 8, "image_size": 128, "batch": 8}
PROJECT = """
name: measured
task: detect
classes: [{classes}]
pull: {{using: label_studio_export, path: {path}}}
check: {{using: rules}}
train: {{model: yolo11n.yaml, epochs: 1}}
"""


def converted(folder: Path, export: Path | None) -> Dataset:
    """The newest version of the sample project, or of an export."""
    command = [sys.executable, "-m", "detector"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    folder.mkdir()
    if export is None:
        subprocess.run([*command, "init"], cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    else:
        text = PROJECT.format(classes="RBC, WBC, Platelets", path=export / "export.json")
        (folder / "pipeline.yaml").write_text(text + "convert: {split: {field: split}}\n")
    line = [*command, "run", "--until", "convert"]
    subprocess.run(line, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    [latest] = folder.glob("datasets/*/latest")
    return Dataset(latest.resolve())


def written_out(options: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """The options with all that the stage would derive, so that both sides train alike."""
    settings = settle(Options(**options), facts_of(dataset), 1)
    return options | {"patience": settings.patience, "options": settings.arguments}


def stage(folder: Path, dataset: Path, options: dict[str, Any]) -> None:
    classes = Dataset(dataset).classes
    run(job(folder, Options(**options), Pipeline("measured", classes=classes), convert=dataset))


def bare(folder: Path, dataset: Path, options: dict[str, Any]) -> None:
    network = options.pop("model")
    scale, more = options.pop("scale", None), options.pop("options", {})
    folder.mkdir()
    with quietly(folder / "log"):
        load_model(architecture(network, scale, folder)).train(
            data=str(dataset / "data.yaml"), imgsz=options.pop("image_size"), device=device(),
            save_dir=str(folder / "step"), **options, **more,
        )  # fmt: skip


def child(kind: str, folder: str, dataset: str, options: str) -> None:
    """One training, timed in this process; its seconds and shares are printed."""
    clock = Clock()
    clock.listen()
    started = time.perf_counter()
    {"stage": stage, "bare": bare}[kind](Path(folder), Path(dataset), json.loads(options))
    print(json.dumps({"seconds": time.perf_counter() - started, **clock.shares()}))


class Clock:
    """Where the time of the epochs goes, by the callbacks that every trainer is made with."""

    def __init__(self) -> None:
        self.parts = {"wait": 0.0, "step": 0.0, "val": 0.0, "save": 0.0}
        self.last = 0.0
        self.warm = False  # the first epoch warms up
        self.after: str | None = None

    def listen(self) -> None:
        with quietly(Path(os.devnull)):
            from ultralytics.utils.callbacks import base

        parts = {
            "on_train_epoch_start": None, "on_train_batch_start": "wait", "on_train_batch_end": "step",
            "on_train_epoch_end": None, "on_val_end": "val", "on_model_save": "save",
        }  # fmt: skip
        for event, part in parts.items():
            base.default_callbacks[event].append(lambda worker, part=part: self.lap(worker, part))

    def lap(self, worker: Any, part: str | None) -> None:
        if part == "step" and worker.device.type == "cuda":
            worker.loss.item()  # the step is over when its loss is known
        now = time.perf_counter()
        if part and self.warm and not (part == "val" and self.after == "save"):  # that one comes after the last epoch
            self.parts[part] += now - self.last
        self.last, self.after = now, part
        self.warm = self.warm or part == "save"

    def shares(self) -> dict[str, float]:
        total = sum(self.parts.values())
        return {"epochs_s": round(total, 3)} | {name: round(part / total, 3) for name, part in self.parts.items()}


def epochs(folder: Path) -> list[list[str]]:
    """Every figure of every epoch; the time apart."""
    head, *rows = [line.split(",") for line in (folder / "step/results.csv").read_text().splitlines()]
    return [row[:1] + row[2:] for row in [head, *rows]]


def measured(scratch: Path, dataset: Dataset, options: dict[str, Any], rounds: int) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {"stage": [], "bare": []}
    shares: dict[str, Any] = {}
    tables = []
    for number in range(rounds):
        for kind in seconds if number % 2 == 0 else reversed(seconds):
            folder = scratch / f"{kind}-{number}"
            line = [sys.executable, __file__, "--child", kind, str(folder), str(dataset.folder), json.dumps(options)]
            answer = json.loads(
                subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
            )
            seconds[kind].append(answer.pop("seconds"))
            shares[kind] = answer
            tables.append(epochs(folder))
    ratios = [ours / theirs for ours, theirs in zip(*seconds.values(), strict=True)]
    images = dataset.on("train").images
    return {
        "images": images,
        "epochs": options["epochs"],
        **{name: round(statistics.median(values), 2) for name, values in seconds.items()},
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(each, 3) for each in ratios],
        "equal_epochs": all(table == tables[0] for table in tables),
        "images_per_s": round(images * (options["epochs"] - 1) / shares["stage"]["epochs_s"], 1),
        "shares": shares,
    }


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--export", type=Path)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--options", type=json.loads, default={}, help="of train, as JSON")
    asked.add_argument("--child", nargs=4)
    arguments = asked.parse_args()
    if arguments.child:
        return child(*arguments.child)
    with tempfile.TemporaryDirectory() as scratch:
        dataset = converted(Path(scratch) / "project", arguments.export and arguments.export.resolve())
        figures = measured(Path(scratch), dataset, written_out(SAMPLE | arguments.options, dataset), arguments.rounds)
        print(json.dumps({"benchmark": "train", "options": arguments.options, **figures}))
    return None


if __name__ == "__main__":
    main()
