"""What was measured of weights on one split of a dataset version: the metrics, every prediction, and each image.

FOLDER/
    evaluation.json       {"schema": 1,
                           "split": "test",
                           "dataset": "b3a7f86867bd",      the version that was measured on
                           "test_set": "0c1d…",            the content of that split
                           "weights": "…",                 fingerprint of what was measured
                           "metrics": {"mAP50-95": 0.661, "mAP50-95/Screw": 0.7, …}}
    predictions.parquet   one row per predicted object; schema PREDICTIONS
    images.parquet        one row per image of the split; schema PER_IMAGE
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from detector.system.files import write_whole

PREDICTIONS = pa.schema(
    [
        ("image", pa.int32()),  # row in the version's images table
        ("class_id", pa.int32()),
        ("score", pa.float64()),  # 0 to 1
        ("x", pa.float64()),  # box centre and size, normalised by image width and height
        ("y", pa.float64()),
        ("width", pa.float64()),
        ("height", pa.float64()),
        ("polygon", pa.list_(pa.float64())),  # segment: x0 y0 x1 y1 … normalised, K >= 3; null: the box is all
    ]
)
PER_IMAGE = pa.schema(
    [
        ("image", pa.int32()),  # row in the version's images table
        ("objects", pa.int32()),  # annotated
        ("predicted", pa.int32()),  # of a score that counts
        ("missed", pa.int32()),  # annotated objects that no prediction found
        ("false", pa.int32()),  # predictions that found none
    ]
)


@dataclass(frozen=True)
class Measured:
    """What was measured on what; see the top of the file."""

    split: str
    dataset: str
    test_set: str
    weights: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Evaluation:
    """An evaluation, opened by its folder."""

    folder: Path

    @cached_property
    def measured(self) -> Measured:
        """evaluation.json."""
        written = json.loads(self.file.read_text(encoding="utf-8"))
        return Measured(**{name: value for name, value in written.items() if name != "schema"})

    @cached_property
    def predictions(self) -> pa.Table:
        """Every prediction on the split; schema PREDICTIONS."""
        return pq.read_table(self.folder / "predictions.parquet")

    @cached_property
    def per_image(self) -> pa.Table:
        """Each image of the split; schema PER_IMAGE."""
        return pq.read_table(self.folder / "images.parquet")

    @property
    def file(self) -> Path:
        """Where the metrics are."""
        return self.folder / "evaluation.json"

    @property
    def files(self) -> list[Path]:
        """All that it consists of."""
        return [self.file, self.folder / "predictions.parquet", self.folder / "images.parquet"]

    @property
    def id(self) -> str:
        """24 hex digits of what was measured: it changes with any metric or prediction."""
        content = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in self.files)
        return hashlib.sha256(content).hexdigest()[:24]

    def write(self, measured: Measured, predictions: pa.Table, per_image: pa.Table) -> None:
        """Write all of it."""
        for name, table in (("predictions", predictions), ("images", per_image)):
            pq.write_table(table, self.folder / f"{name}.parquet")
        text = json.dumps({"schema": 1, **asdict(measured)}, indent=1, ensure_ascii=False)
        write_whole(self.file, text + "\n")
