"""A dataset version on its way into FiftyOne, by FiftyOne's own export format.

Written by columns, that is an order of magnitude faster than making its sample and label objects one by one
(benchmarks/fiftyone_load.py).
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.browse.labels import FIELDS, TRUTH, Document, identifiers, labels_by_image, task_of
from detector.data.dataset import Dataset
from detector.system.garbage import paused

PART = 5_000  # images that are in memory at a time


class Tags(NamedTuple):
    """Tags by the row in the images table, and by the row in the instances table."""

    images: Mapping[int, Sequence[str]]
    objects: Mapping[int, Sequence[str]]


NO_TAGS = Tags({}, {})


def imported(dataset: Dataset, tags: Tags) -> Any:
    """A dataset of FiftyOne with every sample, under a name of its own making."""
    import fiftyone

    kind = fiftyone.types.FiftyOneDataset
    loaded, rows, ids = _empty(task_of(dataset)), _included(dataset), identifiers()
    with tempfile.TemporaryDirectory() as scratch, paused():
        loaded.export(scratch, dataset_type=kind, export_media=False, overwrite=True, progress=False)
        for start in range(0, max(rows.num_rows, 1), PART):
            samples = _documents(dataset, rows.slice(start, PART), tags, ids)
            (Path(scratch) / "samples.json").write_bytes(msgspec.json.encode({"samples": samples}))
            loaded.add_dir(scratch, dataset_type=kind, progress=False)
    return loaded


def _included(dataset: Dataset) -> pa.Table:
    """The images of the version, in the order of its samples, with their row in the images table as `row`."""
    rows = dataset.images.append_column("row", pa.array(np.arange(dataset.images.num_rows, dtype=np.int32)))
    chance = np.random.default_rng(0).random(rows.num_rows)
    return rows.append_column("rand", pa.array(chance)).filter(pc.is_valid(rows["file"]))


def _empty(task: str) -> Any:
    """A dataset that knows the fields of our samples."""
    import fiftyone

    kind, inside = FIELDS[task]
    empty = fiftyone.Dataset()
    empty.media_type = "image"
    empty.add_sample_field("task_id", fiftyone.IntField)
    for field in ("link", "source", "status"):
        empty.add_sample_field(field, fiftyone.StringField)
    empty.add_sample_field(TRUTH, fiftyone.EmbeddedDocumentField, embedded_doc_type=getattr(fiftyone, kind))
    for attribute in ("region_id", "annotator"):
        empty.add_sample_field(f"{TRUTH}.{inside}.{attribute}", fiftyone.StringField)
    return empty


def _documents(dataset: Dataset, images: pa.Table, tags: Tags, ids: Iterator[str]) -> list[Document]:
    """One document for each of these images, as samples.json of FiftyOne's export has them."""
    objects, task = _objects(dataset, images, tags), task_of(dataset)
    labels = labels_by_image(objects, images.num_rows, dataset.classes, task, lambda: {"$oid": next(ids)})
    root = str(dataset.folder.resolve() / "images")
    return [
        _sample(root, row, label, {"$oid": next(ids)}) | {"tags": [row["split"], *tags.images.get(row["row"], ())]}
        for row, label in zip(images.to_pylist(), labels, strict=True)
    ]


def _objects(dataset: Dataset, images: pa.Table, tags: Tags) -> pa.Table:
    """The objects of these images, with the number of their image among these, and their tags."""
    places = pc.index_in(dataset.instances["image"], images["row"])
    rows = np.flatnonzero(pc.is_valid(places).to_numpy(zero_copy_only=False))
    objects = dataset.instances.take(rows).drop_columns(["task_id"])
    tagged = pa.array([list(tags.objects.get(row, ())) for row in rows.tolist()], pa.list_(pa.string()))
    objects = objects.set_column(objects.column_names.index("image"), "image", places.take(rows))
    return objects.append_column("tags", tagged)


def _sample(root: str, row: Document, labels: Document, identity: object) -> Document:
    return {
        "_id": identity,
        "_media_type": "image",
        "_rand": row["rand"],  # FiftyOne takes random samples by it
        "filepath": f"{root}/{row['file']}",
        "metadata": {"_cls": "ImageMetadata", "width": row["width"], "height": row["height"]},
        **{name: row[name] for name in ("task_id", "link", "source", "status")},
        TRUTH: labels,
    }
