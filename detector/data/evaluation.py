"""What was measured of weights on one split of a dataset version: the figures, every prediction, object and image.

FOLDER/
    evaluation.json       {"schema": 2,
                           "split": "test",
                           "dataset": "b3a7f86867bd",      the version that was measured on
                           "test_set": "0c1d…",            the content of that split
                           "weights": "…",                 fingerprint of what was measured
                           "task": "detect", "classes": ["Screw", …],
                           "metrics": {"mAP50-95": 0.661, "mAP50-95/Screw": 0.7, …},
                           "intervals": {"mAP50-95": [0.62, 0.70], …},       95 % of bootstrap draws over images
                           "operating_point": {"score": 0.41, "precision": 0.93, "recall": 0.9, "asked": null},
                           "mistakes": {"class": {"count": 3, "cost": 0.01}, …},   at that score; cost in mAP50
                           "slices": [{"field": "data.camera", "value": "left", "images": 20, "objects": 130,
                                       "mAP50-95": 0.64, "interval": [0.6, 0.7]}, …]}
    predictions.parquet   one row per predicted object; schema PREDICTIONS
    objects.parquet       one row per annotated object of the split; schema OBJECTS
    images.parquet        one row per image of the split; schema PER_IMAGE
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detector.data.geometry import Ints
from detector.errors import UsageError
from detector.system.files import write_whole
from detector.terms import Task

SCHEMA = 2
_BOX = [("x", pa.float64()), ("y", pa.float64()), ("width", pa.float64()), ("height", pa.float64())]
SEEN = pa.schema(
    [
        ("image", pa.int32()),  # row in the version's images table
        ("class_id", pa.int32()),
        ("score", pa.float64()),  # 0 to 1
        *_BOX,  # centre and size, normalised by image width and height
        ("mask", pa.binary()),  # segment: COCO's run-length code, at the size that detector.data.raster gives
    ]
)
PREDICTIONS = pa.schema(
    [
        *SEEN,
        ("found", pa.int16()),  # bit t: it finds an object at an overlap of 0.5 + t * 0.05; -1: it does not count
        ("object", pa.int32()),  # the row in objects that it finds at 0.5, or -1
        ("mistake", pa.string()),  # a kind of detector.measure.mistakes, empty where it finds an object
        ("meant", pa.int32()),  # the row in objects that it would find but for that mistake, or -1
    ]
)
OBJECTS = pa.schema(
    [
        ("image", pa.int32()),  # row in the version's images table
        ("class_id", pa.int32()),
        *_BOX,
        ("polygon", pa.list_(pa.float64())),  # segment: x0 y0 x1 y1 … normalised; detect: null
        ("area", pa.float64()),  # square pixels of the picture
        ("prediction", pa.int32()),  # the row in predictions that finds it at 0.5, or -1
    ]
)
PER_IMAGE = pa.schema(
    [
        ("image", pa.int32()),  # row in the version's images table
        ("file", pa.string()),  # <split>/<stem>.<ext>, below the version's images/
        ("sha256", pa.string()),  # of the picture
        ("group", pa.string()),  # images of one are drawn together
        ("objects", pa.int32()),  # annotated
        ("predicted", pa.int32()),  # from the score of the operating point on, as in the two columns below
        ("missed", pa.int32()),  # annotated objects that no prediction found
        ("false", pa.int32()),  # predictions that found none
    ]
)
_TABLES = {"predictions": PREDICTIONS, "objects": OBJECTS, "images": PER_IMAGE}


@dataclass(frozen=True)
class Measured:
    """What was measured on what; see the top of the file."""

    split: str
    dataset: str
    test_set: str
    weights: str
    task: Task
    classes: list[str]
    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    operating_point: Mapping[str, float | None]
    mistakes: Mapping[str, Mapping[str, float]]
    slices: list[dict[str, Any]]

    @property
    def score(self) -> float:
        """From which a prediction counts when the model is used."""
        return float(self.operating_point["score"] or 0.0)


@dataclass(frozen=True)
class Evaluation:
    """An evaluation, opened by its folder."""

    folder: Path

    @cached_property
    def measured(self) -> Measured:
        """evaluation.json.

        Raises:
            UsageError: another version of this program wrote it in another form.
        """
        written = json.loads(self.file.read_text(encoding="utf-8"))
        if written.pop("schema", None) != SCHEMA:
            raise UsageError(f"{self.file} is of another version of detector; run the pipeline again")
        return Measured(**written)

    @cached_property
    def predictions(self) -> pa.Table:
        """Every prediction on the split; schema PREDICTIONS."""
        return pq.read_table(self.folder / "predictions.parquet")

    @cached_property
    def objects(self) -> pa.Table:
        """Every annotated object of the split; schema OBJECTS."""
        return pq.read_table(self.folder / "objects.parquet")

    @cached_property
    def images(self) -> pa.Table:
        """Each image of the split; schema PER_IMAGE."""
        return pq.read_table(self.folder / "images.parquet")

    def load(self) -> None:
        """Read all tables, for one who wants to know that they are whole. Raises OSError or ValueError."""
        for table in (self.predictions, self.objects, self.images):
            table.validate()

    @property
    def mistakes(self) -> Ints:
        """Missed objects and false predictions of each image, shape (images,)."""
        counts: Ints = self.images["missed"].to_numpy().astype(np.int64) + self.images["false"].to_numpy()
        return counts

    @property
    def file(self) -> Path:
        """Where the figures are."""
        return self.folder / "evaluation.json"

    @property
    def files(self) -> list[Path]:
        """All that it consists of."""
        return [self.file, *(self.folder / f"{name}.parquet" for name in _TABLES)]

    @property
    def id(self) -> str:
        """24 hex digits of what was measured: it changes with any figure or prediction."""
        content = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in self.files)
        return hashlib.sha256(content).hexdigest()[:24]

    def write(self, measured: Measured, tables: Mapping[str, pa.Table]) -> None:
        """Write all of it; `tables` by their names: predictions, objects, images."""
        for name, schema in _TABLES.items():
            pq.write_table(tables[name].select(schema.names).cast(schema), self.folder / f"{name}.parquet")
        text = json.dumps({"schema": SCHEMA, **asdict(measured)}, indent=1, ensure_ascii=False)
        write_whole(self.file, text + "\n")
