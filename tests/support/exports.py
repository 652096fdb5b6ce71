"""Small Label Studio exports, written by hand, with images beside them; and the two stages that read them."""

import itertools
import json
from pathlib import Path

import numpy as np
from PIL import Image

from detector.data.dataset import Dataset
from detector.stages import Result, load
from detector.terms import SPLITS
from tests.support.jobs import Pipeline, make_job

_ids = itertools.count(1)


def region(kind="rectangle", labels=("car",), to_name="image", size=(200, 100), **value):
    """One entry of an annotation's result; value is in percent, as Label Studio stores it."""
    return {
        "id": f"r{next(_ids)}",
        "type": f"{kind}labels",
        "from_name": "label",
        "to_name": to_name,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "value": {"rotation": 0, **value, f"{kind}labels": list(labels)},
    }


def box(x, y, width, height, **more):
    return region(x=x, y=y, width=width, height=height, **more)


def annotation(*regions, by="ann@example.com", at="2026-01-01T00:00:00Z", **more):
    made = {"id": next(_ids), "completed_by": {"id": 1, "email": by}, "was_cancelled": False, "ground_truth": False}
    return {**made, "created_at": at, "updated_at": at, "result": list(regions), **more}


def task(number, *annotations, data=None, **more):
    return {"id": number, "data": {"image": f"{number}.png", **(data or {})}, "annotations": list(annotations), **more}


def picture(path: Path, size=(200, 100), seed=None) -> Path:
    """A noisy PNG of its own, so that no two are the same."""
    noise = np.random.default_rng(abs(hash(path.name)) if seed is None else seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise.integers(0, 255, (size[1], size[0], 3), np.uint8)).save(path)
    return path


def export(folder: Path) -> None:
    """An export.json of three tasks with a box each, one for each split, and their pictures."""
    tasks = [task(at, annotation(box(1, 1, 9, 9)), data={"split": split}) for at, split in enumerate(SPLITS, 1)]
    for each in tasks:
        picture(folder / each["data"]["image"])
    (folder / "export.json").write_text(json.dumps(tasks))


CLASSES = ("car", "person")
PIPELINE = Pipeline("tests", "detect", CLASSES)


def pull(folder: Path, tasks, pipeline=None, **options) -> Result:
    """Write the export (and a picture for each task that has none) and pull it."""
    for each in tasks:
        for source in each["data"].values():
            if isinstance(source, str) and source.endswith(".png") and not (folder / source).exists():
                picture(folder / source)
    (folder / "export.json").write_text(json.dumps(tasks))
    backend = load("pull", "label_studio_export")
    given = backend.Options(path=folder / "export.json", **options)
    return backend.run(_job(folder, pipeline, given, {}))


def convert(folder: Path, pulled: Result, pipeline=None, **options) -> tuple[Dataset, Result]:
    backend = load("convert", "yolo")
    result = backend.run(_job(folder, pipeline, backend.Options(**options), {"pull": pulled}))
    return Dataset(result.path), result


def converted(folder: Path, tasks, pipeline=None, pulling=None, **options) -> tuple[Dataset, Result]:
    """Pull and convert. Tasks take turns in train, val and test unless their data says where they go.

    Fewer than three tasks get a background in each split for company.
    """
    for at, each in enumerate(tasks):
        each["data"].setdefault("split", SPLITS[at % 3])
    if len(tasks) < 3:
        spare = [(900 + at, {"split": split}) for at, split in enumerate(SPLITS)]
        empty = {"ground_truth": True, "by": "bo@example.com"}
        tasks = [*tasks, *(task(number, annotation(**empty), data=data) for number, data in spare)]
    pulled = pull(folder, tasks, pipeline, **(pulling or {}))
    return convert(folder, pulled, pipeline, **{"split": {"field": "split"}, **options})


def _job(folder, pipeline, options, inputs):
    return make_job(options, pipeline or PIPELINE, inputs, datasets=folder / "datasets", folder=folder / "run")


def labels(dataset: Dataset, number: int) -> list[list[float]]:
    """The rows of a task's txt."""
    [file] = (dataset.folder / "labels").glob(f"*/{number:08d}-*.txt")
    return [[float(word) for word in line.split()] for line in file.read_text().splitlines()]


def reasons(dataset: Dataset, action: str) -> dict[str, list[int]]:
    """Reason to task ids, of what was dropped, changed or excluded."""
    return {reason: [entry["task_id"] for entry in entries] for reason, entries in dataset.conversion[action].items()}
