"""The forms of what was seen that other programs read.

TO/
    predictions.json    {"schema": 1, "model": {"name": …, "file": …, "score": 0.41, "classes": ["Screw", …]},
                         "pictures": [{"file": "a.jpg", "width": 640, "height": 480, "objects": [
                           {"class": "Screw", "class_id": 0, "score": 0.93, "box": [left, top, width, height],
                            "polygon": [x0, y0, …]}]}],                    in pixels; polygon: segment alone
                         "unread": [{"file": "b.jpg", "why": "not an image"}]}
    coco.json           the same as COCO has it, with `score` in the annotations; class ids count from 1
    labels/a.txt        YOLO: class id and box (or polygon) normalised, one line an object
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from detector.data.geometry import area, outlines
from detector.inference.pictures import Unread
from detector.inference.seen import Object, Seen
from detector.system.files import write_whole

KEYS = {"schema", "model", "pictures", "unread"}  # of predictions.json


class Writer(Protocol):
    """Takes each frame in turn, and is told of the end."""

    def add(self, seen: Seen) -> None:
        """What was seen on the next frame."""

    def end(self) -> None:
        """There are no more."""


class Json:
    """predictions.json."""

    def __init__(self, folder: Path, model: Mapping[str, Any]) -> None:
        self._file, self._model = folder / "predictions.json", model
        self.pictures: list[dict[str, Any]] = []
        self.unread: list[Unread] = []

    def add(self, seen: Seen) -> None:
        """Keep it."""
        width, height = seen.frame.size
        objects = [in_pixels(each, width, height, self._model["classes"]) for each in seen.objects]
        self.pictures.append({"file": seen.frame.name, "width": width, "height": height, "objects": objects})

    def end(self) -> None:
        """Write the file."""
        unread = [each._asdict() for each in self.unread]
        _write(self._file, {"schema": 1, "model": self._model, "pictures": self.pictures, "unread": unread})


class Coco:
    """coco.json."""

    def __init__(self, folder: Path, classes: Sequence[str]) -> None:
        self._file = folder / "coco.json"
        self._categories = [{"id": at, "name": name} for at, name in enumerate(classes, start=1)]
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, seen: Seen) -> None:
        """Keep it."""
        (width, height), image = seen.frame.size, len(self._images) + 1
        self._images.append({"id": image, "file_name": seen.frame.name, "width": width, "height": height})
        for each in seen.objects:
            self._annotations.append(_annotation(each, width, height, image, len(self._annotations) + 1))

    def end(self) -> None:
        """Write the file."""
        tables = {"images": self._images, "annotations": self._annotations, "categories": self._categories}
        _write(self._file, tables)


class Yolo:
    """labels/."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "labels"
        self._taken: set[Path] = set()

    def add(self, seen: Seen) -> None:
        """Write its file; a.png beside a.jpg has its labels in a.png.txt."""
        picture = self._folder / seen.frame.name
        file = picture.with_suffix(".txt")
        if file in self._taken:
            file = picture.with_name(f"{picture.name}.txt")
        self._taken.add(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(map(_line, seen.objects)), encoding="utf-8")

    def end(self) -> None:
        """All is written."""


def in_pixels(of: Object, width: int, height: int, classes: Sequence[str]) -> dict[str, Any]:
    """An object as predictions.json has it, on a picture of so many pixels."""
    named = {"class": classes[of.class_id], "class_id": of.class_id, "score": round(of.score, 4)}
    polygon = {} if of.polygon is None else {"polygon": [*_scaled(of.polygon, width, height)]}
    return {**named, "box": _box(of, width, height), **polygon}


def _line(of: Object) -> str:
    return " ".join([str(of.class_id), *(f"{value:.6f}" for value in of.polygon or of.box)]) + "\n"


def _annotation(of: Object, width: int, height: int, image: int, number: int) -> dict[str, Any]:
    box = _box(of, width, height)
    outline = [[*_scaled(of.polygon, width, height)]] if of.polygon else []
    square = round(_area(outline[0]) if outline else box[2] * box[3], 2)
    ids = {"id": number, "image_id": image, "category_id": of.class_id + 1}
    return {**ids, "bbox": box, "area": square, "segmentation": outline, "iscrowd": 0, "score": round(of.score, 4)}


def _area(points: Sequence[float]) -> float:
    """Square pixels inside the polygon x0, y0, x1 …."""
    return float(area(outlines(np.array(points).reshape(1, -1, 2)))[0])


def _box(of: Object, width: int, height: int) -> list[float]:
    """Left, top, width and height in pixels."""
    x, y, wide, high = of.box
    return [*_scaled([x - wide / 2, y - high / 2, wide, high], width, height)]


def _scaled(values: Sequence[float], width: int, height: int) -> Iterator[float]:
    for at, value in enumerate(values):
        yield round(value * (height if at % 2 else width), 2)


def _write(file: Path, content: Mapping[str, Any]) -> None:
    write_whole(file, json.dumps(content, ensure_ascii=False) + "\n", lasting=False)
