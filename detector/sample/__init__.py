"""A small project in Label Studio's own export format: photographs of screws, nuts and washers on a workbench.

    export.json       tasks as the interface exports them, with the usual few faults among them
    images/           the photographs
    label_config.xml  the labelling interface

The same seed gives the same project, to the byte for the same versions of NumPy, OpenCV and Pillow.
"""

import json
from pathlib import Path

import numpy as np

from detector.sample.annotate import draw, label_config
from detector.sample.parts import CLASSES, HEIGHT, WIDTH, Part, Pixels, scatter
from detector.sample.picture import photograph
from detector.sample.tasks import FAULTS, Task, overshoot, task

__all__ = ["CLASSES", "write"]

EMPTY, SIDEWAYS = len(FAULTS), len(FAULTS) + 1  # a tray with nothing on it, and a camera held upright


def write(folder: Path, images: int = 200, seed: int = 0, outlines: bool = False) -> None:
    """Write a project of `images` tasks, about five parts each, into `folder`.

    Most parts are drawn as boxes, as a team does that detects; with `outlines` each one has a tight polygon, brush mask
    or ellipse, as a team does that segments. Eight tasks spread over the project carry a fault each.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    faulty = {round((fault + 0.5) * images / (SIDEWAYS + 1)): fault for fault in range(SIDEWAYS + 1)}
    tasks = [
        _write_task(folder, number, faulty.get(number), [seed, number], outlines) for number in range(1, images + 1)
    ]
    (folder / "export.json").write_text(json.dumps(tasks, indent=1))
    (folder / "label_config.xml").write_text(label_config())


def _write_task(folder: Path, number: int, fault: int | None, seed: list[int], outlines: bool) -> Task:
    rng = np.random.default_rng(seed)
    parts = _tray(rng, fault)
    image = f"images/tray-{number:04}.jpg"
    _save(folder / image, photograph(rng, parts), sideways=fault == SIDEWAYS)
    entry = task(number, image, [draw(part, outlines, rng) for part in parts])
    if fault is not None and fault < len(FAULTS):
        FAULTS[fault](entry, rng)
    return entry


def _tray(rng: np.random.Generator, fault: int | None) -> list[Part]:
    if fault == EMPTY:
        return []
    parts = scatter(rng, count=int(rng.integers(3, 8)), zoom=float(rng.uniform(0.85, 1.25)))
    if fault is not None and fault < len(FAULTS) and FAULTS[fault] is overshoot:
        return [Part("Nut", WIDTH - 12.0, HEIGHT / 2, 46.0, 0.3, 46.0, "brass")]
    return parts


def _save(path: Path, picture: Pixels, sideways: bool) -> None:
    """Write a JPEG; sideways, its pixels are turned and an EXIF tag tells to turn them back."""
    from PIL import ExifTags, Image

    photo = Image.fromarray((picture * 255).astype(np.uint8))
    exif = photo.getexif()
    if sideways:
        photo = photo.transpose(Image.Transpose.ROTATE_90)
        exif[ExifTags.Base.Orientation] = 6
    photo.save(path, quality=90, exif=exif)
