"""Dataset versions made by hand: pictures, label files, tables, conversion.json."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFilter

from detector.data import losses
from detector.data.dataset import IMAGES, INSTANCES, Dataset
from detector.stages.convert._account import account
from detector.stages.convert._publish import data_yaml
from detector.terms import SPLITS

CLASSES = ["RBC", "WBC", "Platelets"]
WIDTH, HEIGHT = 200, 100


class Object(NamedTuple):
    """A class, and a normalised centre box; its outline, for segment, is a diamond in that box."""

    class_id: int = 0
    x: float = 0.5
    y: float = 0.5
    width: float = 0.4
    height: float = 0.6


class Picture(NamedTuple):
    """An image of the version; the same `look` gives the same pixels and sha256."""

    split: str
    objects: Sequence[Object] = (Object(0), Object(1, 0.2, 0.3, 0.2, 0.2), Object(2, 0.8, 0.7, 0.3, 0.3))
    look: int | None = None


def every_class(count: int = 2) -> list[Picture]:
    """Pictures with an object of each class in each split: nothing is wrong with them."""
    return [Picture(split) for split in SPLITS for _ in range(count)]


def version(parent: Path, pictures: Sequence[Picture], task: str = "detect", excluded: dict | None = None) -> Dataset:
    """Write a version of `pictures`; task ids count from 1."""
    folder = parent / "0123456789ab"
    images, instances = [], []
    for index, picture in enumerate(pictures):
        images.append(_image(folder, index, picture))
        instances += [_instance(index, number, each, task) for number, each in enumerate(picture.objects)]
    images += [_excluded(entry) for entries in (excluded or {}).values() for entry in entries]
    return write(folder, images, instances, CLASSES, task, excluded or {})


def write(folder, images, instances, classes, task="detect", excluded=None, test_set="tested") -> Dataset:
    """The tables, data.yaml and conversion.json of a version whose pictures and labels are there."""
    tables = pa.Table.from_pylist(images, IMAGES), pa.Table.from_pylist(instances, INSTANCES)
    for name, table in zip(("images", "instances"), tables, strict=True):
        pq.write_table(table, folder / f"{name}.parquet")
    (folder / "data.yaml").write_text(data_yaml(classes), encoding="utf-8")
    told = account(task, classes, *tables, losses.table([]))
    told |= {"test_set": test_set, "excluded": excluded or {}}
    (folder / "conversion.json").write_text(json.dumps(told))
    return Dataset(folder)


def draw(look: int, objects: Sequence[Object] = ()) -> Image.Image:
    """A picture of its own for each `look`: cloudy noise, with an ellipse for each object."""
    noise = np.random.default_rng(look).integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)
    picture = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(9)).convert("RGB")
    picture = picture.point(lambda value: max(0, min(255, (value - 110) * 8)))
    for each in objects:
        left, top = (each.x - each.width / 2) * WIDTH, (each.y - each.height / 2) * HEIGHT
        box = (left, top, left + each.width * WIDTH, top + each.height * HEIGHT)
        ImageDraw.Draw(picture).ellipse(box, outline=(250, 60 * each.class_id, 40), width=3)
    return picture


def _image(folder: Path, index: int, picture: Picture) -> dict:
    look = index + 1000 if picture.look is None else picture.look
    file = f"{picture.split}/{index + 1:08}-cell.jpg"
    for kind in ("images", "labels"):
        (folder / kind / picture.split).mkdir(parents=True, exist_ok=True)
    draw(look, picture.objects).save(folder / "images" / file, quality=95)
    rows = (
        f"{each.class_id} {each.x:.6f} {each.y:.6f} {each.width:.6f} {each.height:.6f}\n" for each in picture.objects
    )
    (folder / "labels" / file).with_suffix(".txt").write_text("".join(rows))
    row = {"task_id": index + 1, "file": file, "split": picture.split, "width": WIDTH, "height": HEIGHT}
    link = f"http://label.example/projects/3/data?task={index + 1}"
    status = "annotated" if picture.objects else "background"
    return {**row, "sha256": f"{look:064x}", "source": f"s3://cells/{index + 1}.jpg", "link": link, "status": status}


def _instance(index: int, number: int, each: Object, task: str) -> dict:
    x, y, w, h = each[1:]
    diamond = [x, y - h / 2, x + w / 2, y, x, y + h / 2, x - w / 2, y]
    row = {"image": index, "task_id": index + 1, "region_id": f"r{index + 1}-{number}", "annotator": "ada@example.com"}
    return {**row, **each._asdict(), "polygon": diamond if task == "segment" else None}


def _excluded(entry: dict) -> dict:
    task = entry["task_id"]
    link = f"http://label.example/projects/3/data?task={task}"
    return {"task_id": task, "source": f"s3://cells/{task}.jpg", "link": link, "status": "excluded"}
