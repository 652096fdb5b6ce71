"""A dataset version on disk: its two tables, and where its files lie.

datasets/<name>/<version>/
    data.yaml                 as Ultralytics reads it
    images/{train,val,test}/  <task id, 8 digits>-<slug>.<ext>
    labels/{train,val,test}/  the same stem, .txt
    images.parquet, instances.parquet, conversion.json, card.md
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

IMAGES = pa.schema(
    [
        ("task_id", pa.int64()),
        ("file", pa.string()),  # <split>/<stem>.<ext>, below images/; null when excluded
        ("split", pa.string()),  # train | val | test; null when excluded
        ("width", pa.int32()),  # pixels
        ("height", pa.int32()),
        ("sha256", pa.string()),  # of the picture's bytes
        ("source", pa.string()),  # the reference as the task has it
        ("link", pa.string()),  # where a person can open the task, or null
        ("data", pa.string()),  # the task's own data fields as a JSON object
        ("group", pa.string()),  # images of one stay together; null for an image of its own
        ("status", pa.string()),  # annotated | background | excluded
        ("txt_sha256", pa.string()),  # of the bytes of its label file; null when excluded
    ]
)
INSTANCES = pa.schema(
    [
        ("image", pa.int32()),  # row in images
        ("task_id", pa.int64()),
        ("region_id", pa.string()),
        ("annotator", pa.string()),
        ("class_id", pa.int32()),
        ("x", pa.float64()),  # box centre and size, normalised by image width and height, as in a YOLO row
        ("y", pa.float64()),
        ("width", pa.float64()),
        ("height", pa.float64()),
        ("polygon", pa.list_(pa.float64())),  # segment: x0 y0 x1 y1 … normalised; detect: null
    ]
)


@dataclass(frozen=True)
class Dataset:
    """One version, opened by its folder."""

    folder: Path

    @property
    def version(self) -> str:
        """12 hex digits of the content hash."""
        return self.folder.name

    @property
    def data_yaml(self) -> Path:
        """The file that Ultralytics trains from."""
        return self.folder / "data.yaml"

    @cached_property
    def images(self) -> pa.Table:
        """One row per task image, excluded ones too; schema IMAGES."""
        return pq.read_table(self.folder / "images.parquet")

    @cached_property
    def instances(self) -> pa.Table:
        """One row per object; schema INSTANCES."""
        return pq.read_table(self.folder / "instances.parquet")

    @cached_property
    def conversion(self) -> dict[str, Any]:
        """conversion.json: what was kept, dropped, changed and excluded, and the classes, task and test set id."""
        loaded: dict[str, Any] = json.loads((self.folder / "conversion.json").read_text())
        return loaded

    @property
    def classes(self) -> list[str]:
        """Class names; the index is the class id."""
        return list(self.conversion["classes"])

    @property
    def test_set(self) -> str:
        """Identifies the content of the test split: its pixels, labels and classes."""
        return str(self.conversion["test_set"])

    def content_of(self, split: str) -> str:
        """Identifies the content of a split."""
        return self.test_set if split == "test" else f"{self.version}-{split}"

    def hashes(self) -> dict[Path, str]:
        """The SHA-256 of each picture and each label file, by its path, as they were made."""
        rows = self.images.select(["file", "sha256", "txt_sha256"]).drop_null().to_pydict()
        files = zip(rows["file"], rows["sha256"], rows["txt_sha256"], strict=True)
        return {
            path: sha256
            for file, picture, label in files
            for path, sha256 in ((self.image_path(file), picture), (self.label_path(file), label))
        }

    def on(self, split: str) -> "Split":
        """One of its splits."""
        return Split(self, split)

    def image_path(self, file: str) -> Path:
        """The picture of an images row, by its `file`."""
        return self.folder / "images" / file

    def label_path(self, file: str) -> Path:
        """The YOLO txt of an images row, by its `file`."""
        return (self.folder / "labels" / file).with_suffix(".txt")


@dataclass(frozen=True)
class Split:
    """A part of a version: train, val or test."""

    dataset: Dataset
    name: str

    @property
    def content(self) -> str:
        """Identifies what is in it."""
        return self.dataset.content_of(self.name)

    @property
    def objects(self) -> dict[str, int]:
        """How many objects of each class there are."""
        counts: dict[str, int] = self.dataset.conversion["kept"]["objects_in"][self.name]
        return counts

    @property
    def files(self) -> list[tuple[int, str]]:
        """Of each image that has a picture: its row in the images table, and its file."""
        columns = (self.dataset.images[name].to_pylist() for name in ("split", "file"))
        rows = enumerate(zip(*columns, strict=True))
        return [(row, file) for row, (split, file) in rows if split == self.name and file]

    @property
    def images(self) -> int:
        """How many there are."""
        return int(self.dataset.conversion["kept"]["images_in"][self.name])
