"""A project of so many pictures that each stage has shards: masks on small pictures, and a micro network."""

import json
from pathlib import Path

import numpy as np
from label_studio_sdk.converter.brush import mask2rle

from detector.data.dataset import Dataset
from tests.support.exports import annotation, picture, region, task

PICTURES = 2_100
SIDE = 32  # pixels
PIPELINE = """
name: many
task: segment
classes: [car]
pull: {using: label_studio_export, path: export.json}
convert: {split: {val: 0.05, test: 0.5}}
check: {fail_on: {}}
train:
  model: yolo11n-seg.yaml
  scale: [0.33, 0.125, 256]
  epochs: 1
  image_size: 32
  batch: 64
  options: {optimizer: AdamW, lr0: 0.005, mosaic: 0, workers: 0}
"""


def project(folder: Path, pictures: int = PICTURES) -> Path:
    """The folder, with an export and its pictures."""
    tasks = []
    for at in range(1, pictures + 1):
        picture(folder / f"{at}.png", (SIDE, SIDE - at % 8), seed=at)
        mask = np.zeros((SIDE - at % 8, SIDE), np.uint8)
        mask[4 : 8 + at % 12, 3 : 9 + at % 17] = 255
        size = {"size": (SIDE, SIDE - at % 8), "format": "rle", "rle": mask2rle(mask)}
        tasks.append(task(at, annotation(region("brush", labels=("car",), **size) | {"id": f"r{at}"}, id=at)))
    (folder / "export.json").write_text(json.dumps(tasks))
    (folder / "pipeline.yaml").write_text(PIPELINE)
    return folder


def version(folder: Path) -> Dataset:
    """The newest version."""
    return Dataset((folder / "datasets/many/latest").resolve())
