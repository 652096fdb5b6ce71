"""The images with the most mistakes, drawn for a person."""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.data.dataset import Dataset
from detector.data.drawing import Shape
from detector.measure.outlines import corners
from detector.stages.evaluate._pictures import compare
from detector.stages.evaluate._said import Row, Said

PICTURES = 8


def draw_worst(dataset: Dataset, images: Iterable[Said], folder: Path) -> list[Path]:
    """Pictures of up to PICTURES images with mistakes, the worst first; none when there are no mistakes."""
    folder.mkdir(exist_ok=True)
    wrong = (image for image in images if image.missed or image.false)
    worst = sorted(wrong, key=lambda image: -len(image.missed) - len(image.false))[:PICTURES]
    return [_draw(dataset, image, folder, place) for place, image in enumerate(worst, start=1)]


def _draw(dataset: Dataset, image: Said, folder: Path, place: int) -> Path:
    file = dataset.images["file"][image.image].as_py()
    title = f"{Path(file).name}    {len(image.missed)} missed, {len(image.false)} false"
    truth = _shapes(image.truth, image.missed, dataset.classes)
    seen = _shapes(image.seen, image.false, dataset.classes)
    path = folder / f"{place}-{Path(file).stem}.png"
    compare(dataset.image_path(file), title, truth, seen).save(path)
    return path


def _shapes(rows: list[Row], wrong: Collection[int], classes: list[str]) -> list[Shape]:
    return [
        Shape(row["class_id"], _label(row, classes), _outline(row), position in wrong)
        for position, row in enumerate(rows)
    ]


def _label(row: Row, classes: list[str]) -> str:
    name = classes[row["class_id"]]
    return f"{name} {row['score']:.2f}" if "score" in row else name


def _outline(row: Row) -> npt.NDArray[np.float64]:
    points = row["polygon"] or corners(row["x"], row["y"], row["width"], row["height"])
    return np.array(points).reshape(-1, 2)
