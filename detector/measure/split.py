"""A split of a dataset version as it is measured: its images, and what is on them."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.dataset import Split
from detector.data.geometry import Ints
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
    image = table["image"].to_numpy()
    position = np.searchsorted(rows, image)
    inside = rows[np.minimum(position, len(rows) - 1)] == image if len(rows) else np.zeros(len(image), bool)
    kept = np.flatnonzero(inside)
    kept = kept[np.argsort(position[kept], kind="stable")]
    at = table.schema.get_field_index("image")
    return table.take(kept).set_column(at, "image", pa.array(position[kept].astype(np.int32)))


def groups(images: pa.Table) -> list[str]:
    """What is drawn together: a group, or a picture (exact copies of it, too)."""
    pairs = zip(images["group"].to_pylist(), images["sha256"].to_pylist(), strict=True)
    return [f"group {group}" if group is not None else f"picture {picture}" for group, picture in pairs]
