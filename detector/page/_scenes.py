"""Images with what models make of them drawn on top: one photograph each, shown once for every side."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from detector.data.comparison import Image, Marks
from detector.data.dataset import Dataset
from detector.data.evaluation import Evaluation
from detector.measure.marks import marks as marks_of
from detector.page._drawn import drawn
from detector.page._pictures import embedded
from detector.page._tasks import Named, named, with_links

WIDEST = 520  # pixels; two scenes of two sides each stand beside each other
LETTERS = {1: 34, 2: 24}  # sides: the height of letters is this part of a photograph's width, whatever its size is
WORST = 8
Sides = Sequence[tuple[str, Marks]]


def scenes(images: Sequence[Image], dataset: Dataset, name: str) -> list[dict[str, Any]]:
    """The champion beside the new weights on each image; `name` tells its photographs from others on the page."""
    sides = [(image.file, [("the champion", image.before), ("these weights", image.after)]) for image in images]
    return _scenes(sides, dataset, name)


def worst(evaluation: Evaluation | None, dataset: Dataset | None) -> list[dict[str, Any]]:
    """The images with the most mistakes, at most WORST; none without mistakes."""
    if evaluation is None or dataset is None:
        return []
    images = evaluation.images
    mistakes = evaluation.mistakes
    order = [int(at) for at in np.argsort(-mistakes, kind="stable")[:WORST] if mistakes[at]]
    rows = [images["image"][at].as_py() for at in order]
    sizes = {row: (dataset.images["width"][row].as_py(), dataset.images["height"][row].as_py()) for row in rows}
    shown = marks_of(evaluation, sizes)
    return _scenes([(dataset.images["file"][row].as_py(), [("", shown[row])]) for row in rows], dataset, "worst")


def mistaken(evaluation: Evaluation | None, dataset: Dataset | None) -> Named | None:
    """Every image with a mistake, the worst first: its task by number and link, its file, its missed and false."""
    if evaluation is None or dataset is None or not evaluation.mistakes.any():
        return None
    order = np.argsort(-evaluation.mistakes, kind="stable")[: np.count_nonzero(evaluation.mistakes)]
    counts = evaluation.images.select(["image", "missed", "false"]).take(order).to_pylist()
    sources = _sources(dataset)
    files = (dataset.images["file"][row["image"]].as_py() for row in counts)
    rows = [row | sources[file] for row, file in zip(counts, files, strict=True)]
    return named(rows, evaluation.folder / "images.parquet", 0)


def _sources(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """Of each picture file of the version: its name, its task and the task's link."""
    columns = (dataset.images[name].to_pylist() for name in ("file", "task_id", "link"))
    return {
        file: {"name": file.rpartition("/")[2], "task": with_links([task], {task: link})[0]}
        for file, task, link in zip(*columns, strict=True)
        if file
    }


def _scenes(images: Sequence[tuple[str, Sides]], dataset: Dataset, name: str) -> list[dict[str, Any]]:
    existing = [(file, sides) for file, sides in images if dataset.image_path(file).is_file()]
    sources = _sources(dataset) if existing else {}
    return [sources[file] | _scene(file, sides, dataset, f"{name}{at}") for at, (file, sides) in enumerate(existing)]


def _scene(file: str, sides: Sides, dataset: Dataset, name: str) -> dict[str, Any]:
    photo = embedded(dataset.image_path(file), WIDEST)
    letters = photo.width / LETTERS[len(sides)]
    shown = [{"title": title, **drawn(marks, photo, letters, dataset.classes)} for title, marks in sides]
    return {"id": name, "photo": photo, "letters": round(letters, 1), "sides": shown}
