"""A version whose labels are what an untrained network says, made a little wrong: it finds some of them, for real."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from detector.data.dataset import Dataset
from detector.data.masks import outline
from detector.data.raster import raster
from detector.models.validate import seen_on
from tests.support import tiny, versions

SIZES = [(80, 60), (60, 100), (900, 500), (96, 96), (333, 777), (640, 640)]  # width and height
CAMERAS = ("left", "right", "left")
IMAGES = {"train": 1, "val": 1, "test": 12}
SCORES = (0, 2, 5, 9, 30)  # places, by score, of those predictions of an image that become objects


def labelled(folder: Path, weights: Path, task: str) -> Dataset:
    """Each picture has up to five objects, near predictions of `weights` that are sure and less sure."""
    pictures = [_picture(at) for at in range(sum(IMAGES.values()))]
    plain = _version(folder / "plain", pictures, [[] for _ in pictures], task)
    (folder / "log").mkdir()
    seen = seen_on(weights, plain.on("test"), folder / "log", lambda _: None)
    random, objects = np.random.default_rng(0), [[] for _ in pictures]
    for image in np.unique(seen["image"].to_numpy()):
        rows = [row for row in seen.to_pylist() if row["image"] == image and min(row["width"], row["height"]) > 0.02]
        chosen = (rows[place] for place in SCORES if place < len(rows))
        objects[image] = [each for row in chosen if (each := _near(row, pictures[image].size, random))]
    return _version(folder / "labelled", pictures, objects, task)


def _near(row, size, random):
    """An object that the prediction nearly is; None where its mask is next to nothing."""
    shift = random.normal(0, 0.05, 2) * (row["width"], row["height"])
    label = row["class_id"] if random.random() < 0.8 else 1 - row["class_id"]
    each = {"class_id": label, "x": row["x"] + shift[0], "y": row["y"] + shift[1]}
    each |= {"width": row["width"], "height": row["height"], "polygon": None}
    if row["mask"] is not None:
        from faster_coco_eval import mask

        height, width = raster(*size)
        points = outline(mask.decode({"size": [height, width], "counts": row["mask"]})).points
        if len(points) < 3:
            return None
        points = np.clip(points / (width, height) + shift, 0, 1)
        low, high = points.min(axis=0), points.max(axis=0)
        each["polygon"] = points.ravel().tolist()
        each |= dict(zip(("x", "y", "width", "height"), [*(low + high) / 2, *(high - low)], strict=True))
    return each


def _version(folder, pictures, objects, task):
    folder = folder / "0123456789ab"
    images, instances = [], []
    splits = [split for split, count in IMAGES.items() for _ in range(count)]
    for row, (picture, split, shapes) in enumerate(zip(pictures, splits, objects, strict=True)):
        images.append(_image(folder, row, picture, split, shapes))
        instances += [
            {"image": row, "task_id": row, "region_id": f"r{row}-{at}", "annotator": "ada", **each}
            for at, each in enumerate(shapes)
        ]
    return versions.write(folder, images, instances, tiny.CLASSES, task, test_set="labelled")


def _image(folder, row, picture, split, shapes):
    file = f"{split}/{row:08}-scene.png"
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True, exist_ok=True)
    picture.save(folder / "images" / file)
    lines = (f"{each['class_id']} {' '.join(f'{number:.6f}' for number in _numbers(each))}\n" for each in shapes)
    (folder / "labels" / file).with_suffix(".txt").write_text("".join(lines))
    width, height = picture.size
    status = "annotated" if shapes else "background"
    data = {"image": f"{row}.png"} | ({"camera": CAMERAS[row % 3]} if row % 4 else {})
    more = {"sha256": f"{row:064x}", "source": f"{row}.png", "link": None, "status": status, "data": json.dumps(data)}
    return {"task_id": row, "file": file, "split": split, "width": width, "height": height, **more}


def _numbers(each):
    return each["polygon"] or [each[name] for name in ("x", "y", "width", "height")]


def _picture(seed):
    """Ellipses on noise."""
    random, (width, height) = np.random.default_rng(seed), SIZES[seed % len(SIZES)]
    picture = Image.fromarray(random.integers(0, 120, (height, width, 3), dtype=np.uint8))
    for _ in range(6):
        left, top = random.random(2) * (width, height)
        across, down = (0.1 + random.random(2) * 0.3) * (width, height)
        colour = tuple(random.integers(0, 255, 3).tolist())
        ImageDraw.Draw(picture).ellipse((left, top, left + across, top + down), fill=colour)
    return picture
