"""Annotations as their source drew them: what `pull` gives and `convert` takes.

Four Arrow tables, each an Arrow IPC file (written and read in no time) in one folder:

images   one row per image of a task, whether or not it goes on
regions  one row per drawn shape on an image that goes on, in percent of the upright image, as Label Studio stores it
losses   one row per task, annotation, region or image that did not come through as it was drawn (see `losses`)
agreement  one row per object and two people who annotated its task, where several did (see `agreement`)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

IMAGES = pa.schema(
    [
        ("task_id", pa.int64()),
        ("field", pa.string()),  # the Image control that shows it (`to_name`), e.g. "image"
        ("status", pa.string()),  # annotated | background (a submitted, empty annotation) | excluded (see losses)
        ("source", pa.string()),  # the reference as the task has it
        ("link", pa.string()),  # where a person can open the task; null for sources without one
        ("data", pa.string()),  # the task's own data fields as a JSON object: what splits and groups are named by
        ("sha256", pa.string()),  # content of the upright, decodable pixels' file in the store; null when excluded
        ("extension", pa.string()),  # of the file in the store, with the dot
        ("width", pa.int32()),  # pixels, upright
        ("height", pa.int32()),
        ("own_split", pa.string()),  # train | val | test where the source itself says so, as a folder's lists do
    ]
)
REGIONS = pa.schema(
    [
        ("image", pa.int32()),  # row in images
        ("annotation_id", pa.int64()),
        ("region_id", pa.string()),
        ("annotator", pa.string()),
        ("type", pa.string()),  # rectangle | polygon | brush | ellipse
        ("labels", pa.list_(pa.string())),
        ("x", pa.float64()),  # rectangle: top-left corner before rotation; ellipse: centre
        ("y", pa.float64()),
        ("width", pa.float64()),  # ellipse: its two radii
        ("height", pa.float64()),
        ("rotation", pa.float64()),  # degrees clockwise about (x, y)
        ("points", pa.list_(pa.float64())),  # polygon: x0 y0 x1 y1 …
        ("rle", pa.binary()),  # brush: Label Studio's run-length code of an RGBA image
        ("original_width", pa.int32()),  # pixels of the image as the annotator saw it; null when unknown
        ("original_height", pa.int32()),
    ]
)
LOSSES = pa.schema(
    [
        ("action", pa.string()),  # dropped | changed | excluded
        ("what", pa.string()),  # task | annotation | region | image
        ("reason", pa.string()),  # a key of detector.data.losses.REASONS
        ("task_id", pa.int64()),  # null where there is none, as for a txt without a picture
        ("region_id", pa.string()),  # null unless `what` is region
        ("detail", pa.string()),  # what a person needs to find it: a label, a file name, an error; may be null
    ]
)
AGREEMENT = pa.schema(
    [
        ("task_id", pa.int64()),
        ("one", pa.string()),  # two annotators, in the order of their names
        ("other", pa.string()),
        ("type", pa.string()),  # as in regions
        ("one_label", pa.string()),  # what each of them calls it; null where the person did not draw it
        ("other_label", pa.string()),
        ("iou", pa.float64()),  # of the upright boxes around the two; null where there is one
    ]
)
TABLES = ("images", "regions", "losses", "agreement")


@dataclass(frozen=True)
class Annotations:
    """The tables of one pull."""

    images: pa.Table
    regions: pa.Table
    losses: pa.Table
    agreement: pa.Table = field(default_factory=AGREEMENT.empty_table)

    def write(self, name: str, folder: Path) -> Path:
        """Write one of the tables into `folder`, which exists."""
        table, target = getattr(self, name), folder / f"{name}.arrow"
        with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        return target


def table(rows: Iterable[Sequence[object]], schema: pa.Schema) -> pa.Table:
    """Rows as an Arrow table."""
    columns: list[Sequence[object]] = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)


def read(folder: Path) -> Annotations:
    """The tables that `Annotations.write` wrote, mapped rather than copied into memory."""
    files = {name: folder / f"{name}.arrow" for name in TABLES}
    there = {name: file for name, file in files.items() if name != "agreement" or file.exists()}  # once there was none
    return Annotations(**{name: pa.ipc.open_file(pa.memory_map(str(file))).read_all() for name, file in there.items()})
