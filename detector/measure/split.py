"""A split of a dataset version as it is measured: its images, and what is on them."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.dataset import Split
from detector.data.geometry import Bools, Ints
from detector.measure.shapes import Compared, columns, outlined, restored


class Part(NamedTuple):
    """A split's images (`rows` of the version's table), its objects and predictions, and both to be compared.

    In all but `rows`, an image is its position among them.
    """

    rows: Ints
    images: pa.Table
    objects: pa.Table
    seen: pa.Table
    compared: Compared


def part_of(split: Split, seen: pa.Table) -> Part:
    """The split, with predictions on it (schema SEEN)."""
    dataset = split.dataset
    rows = np.flatnonzero(pc.equal(dataset.images["split"], split.name).fill_null(False).to_numpy())
    images = dataset.images.take(rows)
    sizes = np.stack([images[name].to_numpy() for name in ("width", "height")], axis=1).astype(np.float64)
    objects, placed = _placed(dataset.instances, rows), _placed(seen, rows)
    outlines, codes = None, None
    if dataset.conversion["task"] == "segment":
        outlines = outlined(objects, sizes)
        codes = restored(placed["mask"].to_pylist(), placed["image"].to_numpy(), sizes)
    truth, predicted = columns(objects, sizes, outlines), columns(placed, sizes, codes)
    return Part(rows, images, objects, placed, Compared(truth, predicted, len(rows), dataset.classes))


def _placed(table: pa.Table, rows: Ints) -> pa.Table:
    """The table's rows on these images, in their order, each `image` as its position among them."""
    position, inside = positions(table["image"].to_numpy(), rows)
    order = np.argsort(position, kind="stable")
    at = table.schema.get_field_index("image")
    kept = table.take(np.flatnonzero(inside)[order])
    return kept.set_column(at, "image", pa.array(position[order].astype(np.int32)))


def positions(image: Ints, rows: Ints) -> tuple[Ints, Bools]:
    """The position in `rows` of those that are on one of them, and which are."""
    order = np.argsort(rows)
    at = np.minimum(np.searchsorted(rows[order], image), max(len(rows) - 1, 0))
    inside: Bools = rows[order][at] == image if len(rows) else np.zeros(len(image), bool)
    return order[at[inside]] if len(rows) else np.empty(0, np.int64), inside


def groups(images: pa.Table) -> list[str]:
    """What is drawn together: a group, or a picture (exact copies of it, too)."""
    pairs = zip(images["group"].to_pylist(), images["sha256"].to_pylist(), strict=True)
    return [f"group {group}" if group is not None else f"picture {picture}" for group, picture in pairs]
