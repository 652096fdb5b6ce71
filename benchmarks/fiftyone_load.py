"""A dataset version in FiftyOne: loaded with the marks of what the check found, and the index of lookalikes.

    python benchmarks/fiftyone_load.py [IMAGES]

2,000 images with 10 objects each, as boxes and as outlines of 40 points, of which about one in ten is tiny. `load` is
beside FiftyOne's own YOLO importer, in one run, on one mongod; with more images that is left out. One JSON line each.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import exports
from detector.browse import samples
from detector.browse.database import connected
from detector.browse.labels import labels_of
from detector.data.dataset import Dataset
from detector.stages.check._findings import examine
from detector.stages.check._limits import LimitsWithLookalikes
from detector.stages.check._lookalikes import show
from detector.stages.check._tables import tables_of
from detector.stages.check._views import load
from detector.terms import SPLITS

IMAGES, PICTURES, SIZE = 2_000, 500, (200, 150)
DRAWN = {"detect": exports.boxes, "segment": exports.polygons}


def version(folder: Path, images: int, task: str) -> Dataset:
    """A version of so many images, which are links to a few pictures, by the pipeline itself."""
    exports.write(folder / "export.json", images, 10, DRAWN[task], SIZE)
    upload = folder / "upload" / "1"
    upload.mkdir(parents=True)
    noise = np.random.default_rng(0)
    for number in range(1, images + 1):
        first = upload / f"{(number - 1) % PICTURES + 1:08d}-photo.jpg"
        if number <= PICTURES:
            Image.fromarray(noise.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)).save(first)
        else:
            os.link(first, upload / f"{number:08d}-photo.jpg")
    pull = {"using": "label_studio_export", "path": "export.json"}
    file = {"name": "many", "task": task, "classes": list(exports.CLASSES), "pull": pull, "check": {"using": "rules"}}
    (folder / "pipeline.yaml").write_text(json.dumps(file))
    command = [sys.executable, "-m", "detector", "run", "--until", "convert"]
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)
    return Dataset((folder / "datasets/many/latest").resolve())


def theirs(dataset: Dataset, task: str) -> Any:
    """FiftyOne's importer, split by split, as its documentation shows."""
    import fiftyone

    loaded = fiftyone.Dataset()
    for split in SPLITS:
        loaded.add_dir(
            str(dataset.folder),
            dataset_type=fiftyone.types.YOLOv5Dataset,
            yaml_path=str(dataset.data_yaml),
            split=split,
            tags=split,
            label_type="detections" if task == "detect" else "polylines",
            progress=False,
        )
    return loaded


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 2)


def whole(loaded: Any, dataset: Dataset) -> Any:
    """The same, which has to have every object."""
    assert loaded.count(labels_of(dataset)) == dataset.instances.num_rows
    return loaded


def measure(dataset: Dataset, task: str) -> dict[str, float]:
    """Seconds of each step of the check that FiftyOne has part in."""
    tables = tables_of(dataset)
    vectors = np.random.default_rng(0).normal(size=(len(tables.included), 736)).astype(np.float32)
    findings = examine(tables, LimitsWithLookalikes())
    taken = {"load": seconds(lambda: whole(load(dataset, "many", findings), dataset))}
    loaded = samples.load(dataset, "many")
    taken["index"] = seconds(lambda: show(loaded, dataset, tables.included, vectors))
    marked = sum(len(each.observed.objects) for each in findings)
    figures = {"marked": marked, **taken, "seconds": round(sum(taken.values()), 2)}
    if len(vectors) <= IMAGES:
        other = seconds(lambda: whole(theirs(dataset, task), dataset))
        figures |= {"theirs": other, "ratio": round(other / taken["load"], 2)}
    return figures


def main(images: int) -> None:
    for task in DRAWN:
        with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER")) as scratch:
            folder = Path(scratch)
            dataset = version(folder, images, task)
            with connected(folder / "fiftyone"):
                figures = {"images": images, "objects": dataset.instances.num_rows, **measure(dataset, task)}
        print(json.dumps({"name": f"fiftyone_load_{task}", **figures}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
