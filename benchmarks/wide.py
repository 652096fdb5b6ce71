"""Pictures of 16:9 in a network as wide as they are, beside the square: operations, mAP50-95, and milliseconds.

A micro network is trained from scratch at 160 x 160 and at [96, 160], by the same seeds on the same pictures (without
mosaic, which shows a square more of other pictures), exported to ONNX and measured on test by its own runtime.
`refitted` is the square's weights with the sides of the wide one. `operations` is the ratio of a picture's; `mAP` are
the means by seed, and `apart` by how much each is above the square's, with the standard error of that.

    python benchmarks/wide.py --seeds 3
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import scenes
from detector.data.trained import Trained
from detector.models.quiet import quietly
from detector.stages import Result
from tests.support import training

SQUARE, WIDE = 160, (96, 160)
OPTIONS = {"plots": False, "mosaic": 0.0}
SETTINGS = {"model": "yolo11n.yaml", "scale": (0.33, 0.25, 256), "batch": 8, "options": OPTIONS}
Row = dict[str, Any]


def step(folder: Path, stage: str, using: str, inputs: dict[str, Result], **options: Any) -> Result:
    """A stage on the scenes' classes."""
    return training.step(folder, stage, using, "detect", inputs=inputs, classes=scenes.CLASSES, **options)


def trained(
    folder: Path, converted: Result, size: int | tuple[int, int], seed: int, epochs: int
) -> tuple[Result, float]:
    """A training of this size and seed, and the billions of operations that a picture takes."""
    report = training.Recorded()
    given = {**SETTINGS, "epochs": epochs, "image_size": size, "seed": seed, "report": report}
    done = step(folder, "train", "ultralytics", {"convert": converted}, **given)
    return done, float(report.used["network/GFLOPs"])


def refitted(done: Result, folder: Path) -> Result:
    """The same weights, to be used with the sides of WIDE."""
    shutil.copytree(done.path, folder)
    with quietly(folder / "log"):
        import torch

        checkpoint = torch.load(Trained(folder).best, weights_only=False)
        checkpoint["train_args"]["imgsz"] = list(WIDE)
        torch.save(checkpoint, Trained(folder).best)
    Trained(folder).write(replace(Trained(folder).made_from, image_size=WIDE))
    return Result(folder, done.id, "")


def measured(folder: Path, converted: Result, done: Result) -> Row:
    """What the weights are worth as an ONNX file, and how fast that is."""
    inputs = {"convert": converted, "train": done}
    inputs["evaluate"] = step(folder, "evaluate", "ultralytics", inputs)
    export = step(folder, "export", "onnx", inputs, max_drop=1.0)
    return {"mAP": export.figures["mAP50-95"], "p50": export.figures["milliseconds/p50"]}


def rows(seeds: int, epochs: int) -> Iterator[Row]:
    """Each size by each seed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        scenes.write(folder / "scenes", scenes.WIDE)
        pulled = step(folder, "pull", "yolo", {}, path=folder / "scenes")
        converted = step(folder, "convert", "yolo", {"pull": pulled})
        for seed in range(seeds):
            for name, size in (("square", SQUARE), ("wide", WIDE)):
                done, operations = trained(folder, converted, size, seed, epochs)
                told = {"seed": seed, "GFLOPs": operations}
                yield {"name": name, **told, **measured(folder, converted, done)}
                if name == "square":
                    again = refitted(done, folder / f"refitted-{seed}")
                    yield {"name": "refitted", "seed": seed, **measured(folder, converted, again)}


def summary(done: list[Row]) -> Row:
    """Of all seeds."""

    def of(name: str, key: str = "mAP") -> list[float]:
        return [row[key] for row in done if row["name"] == name]

    def apart(name: str) -> list[float]:
        differences = [mine - square for mine, square in zip(of(name), of("square"), strict=True)]
        spread = statistics.stdev(differences) if len(differences) > 1 else float("nan")
        return [round(statistics.mean(differences), 4), round(spread / len(differences) ** 0.5, 4)]

    return {
        "name": "wide",
        "operations": round(of("wide", "GFLOPs")[0] / of("square", "GFLOPs")[0], 3),
        "time": round(statistics.median(of("wide", "p50")) / statistics.median(of("square", "p50")), 3),
        "mAP": {name: round(statistics.mean(of(name)), 4) for name in ("square", "wide", "refitted")},
        "apart": {name: apart(name) for name in ("wide", "refitted")},
    }


def main() -> None:
    """A line for each training, and one for all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=40)
    asked, done = parser.parse_args(), []
    for row in rows(asked.seeds, asked.epochs):
        print(json.dumps(row), flush=True)
        done.append(row)
    print(json.dumps(summary(done)))


if __name__ == "__main__":
    main()
