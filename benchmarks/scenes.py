"""Generated data sets that are unlike the sample project: few large objects, many small ones, crowds, wide pictures.

Each is a YOLO folder with its splits (images/, labels/, data.yaml). The same seed gives the same pictures.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

CLASSES = ("ball", "box", "wedge")


class Scenes(NamedTuple):
    """What the pictures show: images in train, objects in each, and their sizes as shares of the width.

    `chances` are those of the classes, equal if left out; in train all pictures of a `burst` are nearly the same.
    `pixels`: height and width of a picture.
    """

    train: int
    objects: tuple[int, int]
    sizes: tuple[float, float]
    clutter: int
    chances: tuple[float, ...] | None = None
    burst: int = 1
    pixels: tuple[int, int] = (256, 256)


LARGE = Scenes(train=30, objects=(1, 2), sizes=(0.35, 0.8), clutter=6)
SMALL = Scenes(train=150, objects=(2, 8), sizes=(0.05, 0.09), clutter=12)
CROWDED = Scenes(train=20, objects=(25, 45), sizes=(0.08, 0.2), clutter=0)
WIDE = Scenes(train=150, objects=(1, 3), sizes=(0.15, 0.35), clutter=2, pixels=(180, 320))
TEST, VAL = 60, 20


def write(folder: Path, scenes: Scenes, seed: int = 0) -> Path:
    """Write the set into `folder`, and give it back."""
    for split, images in (("train", scenes.train), ("val", VAL), ("test", TEST)):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for number in range(images):
            _write(folder, split, number, scenes, seed)
    names = "".join(f"  {index}: {name}\n" for index, name in enumerate(CLASSES))
    splits = "".join(f"{split}: images/{split}\n" for split in ("train", "val", "test"))
    (folder / "data.yaml").write_text(f"path: .\n{splits}names:\n{names}")
    return folder


def _write(folder: Path, split: str, number: int, scenes: Scenes, seed: int) -> None:
    name, first = f"{split}-{number:03}", number - number % (scenes.burst if split == "train" else 1)
    random = np.random.default_rng([seed, len(split), first])
    picture = _background(random, scenes)
    rows = [_draw(picture, random, scenes) for _ in range(random.integers(*scenes.objects, endpoint=True))]
    noise = (random if number == first else np.random.default_rng([seed, number])).normal(0, 6, picture.shape)
    cv2.imwrite(str(folder / "images" / split / f"{name}.jpg"), np.clip(picture + noise, 0, 255).astype(np.uint8))
    (folder / "labels" / split / f"{name}.txt").write_text("".join(rows))


def _background(random: np.random.Generator, scenes: Scenes) -> np.ndarray:
    coarse = random.integers(60, 200, (4, 4, 3)).astype(np.uint8)
    picture = cv2.resize(coarse, scenes.pixels[::-1], interpolation=cv2.INTER_CUBIC)
    for _ in range(scenes.clutter):  # lines, which nobody labelled
        ends = random.integers(0, [*scenes.pixels[::-1]] * 2).tolist()
        cv2.line(picture, ends[:2], ends[2:], random.integers(0, 255, 3).tolist(), int(random.integers(1, 4)))
    return picture


def _draw(picture: np.ndarray, random: np.random.Generator, scenes: Scenes) -> str:
    """One object, and its row: class, centre, width and height."""
    label = int(random.choice(len(CLASSES), p=scenes.chances) if scenes.chances else random.integers(len(CLASSES)))
    width, height = (np.exp(random.uniform(*np.log(scenes.sizes))) * random.uniform(0.8, 1.25) for _ in range(2))
    rows, across = picture.shape[:2]
    width, height = min(width, 0.95), min(height * across / rows, 0.95)
    x, y = random.uniform(width / 2, 1 - width / 2), random.uniform(height / 2, 1 - height / 2)
    left, top, right, bottom = (
        round(value * side)
        for value, side in zip(
            (x - width / 2, y - height / 2, x + width / 2, y + height / 2), (across, rows) * 2, strict=True
        )
    )
    colour = random.integers(0, 255, 3).tolist()
    if label == 0:
        centre, axes = ((left + right) // 2, (top + bottom) // 2), ((right - left) // 2, (bottom - top) // 2)
        cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, -1)
    elif label == 1:
        cv2.rectangle(picture, (left, top), (right, bottom), colour, -1)
    else:
        corners = np.array([[left, bottom], [(left + right) // 2, top], [right, bottom]])
        cv2.fillPoly(picture, [corners], colour)
    return f"{label} {x:.5f} {y:.5f} {width:.5f} {height:.5f}\n"
