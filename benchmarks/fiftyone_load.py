"""Loading a dataset version into FiftyOne: ours against FiftyOne's own YOLO importer, in one run, on one mongod.

    python benchmarks/fiftyone_load.py [IMAGES]

10,000 images (one small JPEG, linked) with 8 objects each, as boxes and as outlines of 12 points. One JSON line each.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from detector.browse import samples
from detector.browse.database import connected
from detector.data.dataset import IMAGES, INSTANCES, Dataset
from detector.terms import SPLITS

OBJECTS, POINTS, CLASSES = 8, 12, ["circle", "square", "triangle"]


def make(folder: Path, images: int, task: str) -> Dataset:
    """A version: 8 in 10 images are train, one val, one test."""
    files = [f"{SPLITS[max(0, index % 10 - 7)]}/{index:08}-x.jpg" for index in range(images)]
    for split in SPLITS:
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
    Image.effect_noise((64, 64), 80).convert("RGB").save(folder / "x.jpg")
    instances, rows = _objects(images, task)
    for index, file in enumerate(files):
        os.link(folder / "x.jpg", folder / "images" / file)
        text = "".join(rows[index * OBJECTS : (index + 1) * OBJECTS])
        (folder / "labels" / file).with_suffix(".txt").write_text(text)
    columns = [range(images), files, [file.split("/")[0] for file in files], [64] * images, [64] * images]
    columns += [[text] * images for text in ("0" * 64, "x.jpg", "http://label.example", "annotated")]
    pq.write_table(
        pa.table([pa.array(column) for column in columns], IMAGES.names).cast(IMAGES), folder / "images.parquet"
    )
    pq.write_table(instances, folder / "instances.parquet")
    (folder / "conversion.json").write_text(json.dumps({"task": task, "classes": CLASSES}))
    places = "".join(f"{split}: images/{split}\n" for split in SPLITS)
    (folder / "data.yaml").write_text(f"{places}names: {json.dumps(CLASSES)}\n")
    return Dataset(folder)


def _objects(images: int, task: str) -> tuple[pa.Table, list[str]]:
    """The instances table, and each object's line of a label file."""
    count, chance = images * OBJECTS, np.random.default_rng(0)
    centre, size = chance.uniform(0.3, 0.7, (count, 2)), chance.uniform(0.05, 0.3, (count, 2))
    class_ids, image = chance.integers(0, len(CLASSES), count), np.repeat(np.arange(images), OBJECTS)
    angle = np.arange(POINTS) * 2 * np.pi / POINTS
    outline = centre[:, None] + size[:, None] / 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shapes = outline.reshape(count, -1).round(6) if task == "segment" else np.hstack([centre, size]).round(6)
    polygons = list(shapes) if task == "segment" else [None] * count
    columns = [image, image, [f"r{number}" for number in range(count)], ["ada"] * count, class_ids]
    columns += [centre[:, 0], centre[:, 1], size[:, 0], size[:, 1]]
    arrays = [*map(pa.array, columns), pa.array(polygons, pa.list_(pa.float64()))]
    lines = [f"{id_} {' '.join(map(str, shape))}\n" for id_, shape in zip(class_ids, shapes.tolist(), strict=True)]
    return pa.table(arrays, INSTANCES.names).cast(INSTANCES), lines


def theirs(dataset: Dataset, task: str) -> int:
    """FiftyOne's importer, split by split, as its documentation shows."""
    import fiftyone

    loaded = fiftyone.Dataset()
    kind = "detections" if task == "detect" else "polylines"
    for split in SPLITS:
        loaded.add_dir(
            str(dataset.folder),
            dataset_type=fiftyone.types.YOLOv5Dataset,
            yaml_path=str(dataset.data_yaml),
            split=split,
            tags=split,
            label_type=kind,
            progress=False,
        )
    return int(loaded.count(f"ground_truth.{kind}"))


def ours(dataset: Dataset, task: str) -> int:
    """What the check stage does."""
    loaded = samples.load(dataset, "benchmark")
    return int(loaded.count(f"ground_truth.{'detections' if task == 'detect' else 'polylines'}"))


def seconds(load: Callable[[Dataset, str], int], dataset: Dataset, task: str) -> float:
    """How long a load takes; it must bring every object."""
    started = time.perf_counter()
    objects = load(dataset, task)
    taken = time.perf_counter() - started
    assert objects == dataset.instances.num_rows, objects
    return taken


def main(images: int) -> None:
    for task in ("detect", "segment"):
        with tempfile.TemporaryDirectory() as scratch, connected(Path(scratch)):
            dataset = make(Path(scratch) / "0123456789ab", images, task)
            mine, other = seconds(ours, dataset, task), seconds(theirs, dataset, task)
        figures = {"images": images, "objects": images * OBJECTS, "seconds": round(mine, 2), "theirs": round(other, 2)}
        print(json.dumps({"name": f"fiftyone_load_{task}", "ratio": round(other / mine, 2), **figures}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
