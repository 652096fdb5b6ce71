"""What a dataset version is: the hash of its classes, labels, pixels and splits, whatever its files are called."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.data.dataset import Dataset
from detector.data.geometry import Ints
from detector.stages.convert._rows import Text


def label_files(rows: Text, image: Ints, included: Ints) -> list[bytes]:
    """The txt of each image in `included`; `image` (n,), ascending, says which image each row belongs to."""
    starts = rows.offsets[np.searchsorted(image, included, "left")].tolist()
    ends = rows.offsets[np.searchsorted(image, included, "right")].tolist()
    return [rows.content[start:end] for start, end in zip(starts, ends, strict=True)]


def identify(head: object, lines: Sequence[str]) -> str:
    """12 hex digits of the SHA-256 of what a version is. The order of `lines`, one for each image, does not matter."""
    content = "\n".join([*sorted(lines), ""])
    return hashlib.sha256((json.dumps(head, sort_keys=True) + content).encode()).hexdigest()[:12]


def image_lines(images: pa.Table, labels: Sequence[bytes]) -> list[str]:
    """One line for each image: its split, its pixels, its labels."""
    rows = zip(images["split"].to_pylist(), images["sha256"].to_pylist(), labels, strict=True)
    return [f"{split} {pixels} {hashlib.sha256(label).hexdigest()}" for split, pixels, label in rows]


def txt_hashes(lines: Sequence[str]) -> pa.Array:
    """The hash of each label file, from the lines of `image_lines`."""
    return pa.array([line.rpartition(" ")[2] for line in lines], pa.string())


def named_as_there(images: pa.Table, lines: Sequence[str], folder: Path) -> pa.Table:
    """The images table with the file names of the version in `folder`, which has the same content.

    A project that was imported anew has other task ids, and so would have other names. Where files of the version have
    changed, it takes the new names.
    """
    try:
        return _named_as(images, lines, Dataset(folder))
    except (OSError, ValueError, KeyError, IndexError):
        return images


def _named_as(images: pa.Table, lines: Sequence[str], version: Dataset) -> pa.Table:
    is_in = pc.is_valid(images["file"])
    if set(images["file"].filter(is_in).to_pylist()) == set(version.images["file"].drop_null().to_pylist()):
        return images
    known = version.images.filter(pc.is_valid(version.images["file"]))
    labels = [version.label_path(file).read_bytes() for file in known["file"].to_pylist()]
    names: dict[str, list[str]] = {}
    for line, file in zip(image_lines(known, labels), known["file"].to_pylist(), strict=True):
        names.setdefault(line, []).append(file)
    column = np.full(images.num_rows, None, object)
    column[np.flatnonzero(is_in.to_numpy())] = [names[line].pop() for line in lines]
    at = images.schema.get_field_index("file")
    return images.set_column(at, images.schema.field(at), pa.array(column, pa.string()))
