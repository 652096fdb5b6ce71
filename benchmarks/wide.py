"""Pictures of 16:9 in a network as wide as they are, beside the square: operations, mAP50-95, and milliseconds.

A micro network is trained from scratch at 160 x 160 and at [96, 160], by the same seeds on the same pictures, exported
to ONNX and measured on test by its own runtime. `operations` is the ratio of a picture's; `mAP` are the means by seed,
and `apart` is by how much the wide one's is above.

    python benchmarks/wide.py --seeds 3
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import scenes
from tests.support import training

SQUARE, WIDE = 160, (96, 160)
SETTINGS = {"model": "yolo11n.yaml", "scale": (0.33, 0.25, 256), "batch": 8, "options": {"plots": False}}


def measured(folder: Path, converted: Any, size: int | tuple[int, int], seed: int, epochs: int) -> dict[str, float]:
    """What a training of this size and seed gives, exported."""
    report = training.Recorded()
    given = {**SETTINGS, "epochs": epochs, "image_size": size, "seed": seed}
    inputs = {"convert": converted}
    inputs["train"] = training.step(
        folder, "train", "ultralytics", "detect", report=report, inputs=inputs, classes=scenes.CLASSES, **given
    )
    inputs["evaluate"] = training.step(
        folder, "evaluate", "ultralytics", "detect", inputs=inputs, classes=scenes.CLASSES
    )
    export = training.step(folder, "export", "onnx", "detect", inputs=inputs, classes=scenes.CLASSES, max_drop=1.0)
    return {
        "GFLOPs": float(report.used["network/GFLOPs"]),
        "mAP": export.figures["mAP50-95"],
        "drop": export.figures["drop"],
        "p50": export.figures["milliseconds/p50"],
    }


def rows(seeds: int, epochs: int) -> Iterator[dict[str, Any]]:
    """Each size by each seed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        scenes.write(folder / "scenes", scenes.WIDE)
        told = {"classes": scenes.CLASSES}
        pulled = training.step(folder, "pull", "yolo", "detect", path=folder / "scenes", **told)
        converted = training.step(folder, "convert", "yolo", "detect", inputs={"pull": pulled}, **told)
        for seed in range(seeds):
            for name, size in (("square", SQUARE), ("wide", WIDE)):
                yield {"name": f"wide_{name}", "seed": seed, **measured(folder, converted, size, seed, epochs)}


def main() -> None:
    """A line for each training, and one for all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=40)
    asked = parser.parse_args()
    done = []
    for row in rows(asked.seeds, asked.epochs):
        print(json.dumps(row), flush=True)
        done.append(row)
    mean = {
        (name, key): statistics.mean(row[key] for row in done if row["name"] == f"wide_{name}")
        for name in ("square", "wide")
        for key in ("GFLOPs", "mAP", "p50")
    }
    line = {
        "name": "wide",
        "seeds": asked.seeds,
        "operations": round(mean["wide", "GFLOPs"] / mean["square", "GFLOPs"], 3),
        "mAP": {name: round(mean[name, "mAP"], 4) for name in ("square", "wide")},
        "apart": round(mean["wide", "mAP"] - mean["square", "mAP"], 4),
        "time": round(mean["wide", "p50"] / mean["square", "p50"], 3),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
