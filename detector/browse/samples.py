"""A dataset version in FiftyOne: its samples, its labels, and a model's predictions beside them.

It is loaded from FiftyOne's own export format, written by columns: an order of magnitude faster than making its
sample and label objects one by one (benchmarks/fiftyone_load.py).
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detector.browse.labels import FIELDS, Document, identifiers, labels_by_image
from detector.data.colours import FALSE, PALETTE, RIGHT, of_class
from detector.data.dataset import Dataset
from detector.system.garbage import paused
from detector.terms import SPLITS

TRUTH, PREDICTIONS = "ground_truth", "predictions"
EVALUATION = "evaluation"  # of a label or a prediction: tp, fp or fn
Object = tuple[int, str | None, int]  # image, region, and which one of that region


def name_of(dataset: Dataset, project: str) -> str:
    """What a version is called in FiftyOne."""
    return f"{project}-{dataset.version}"


def load(dataset: Dataset, project: str, again: bool = False) -> Any:
    """The version as a persistent `fiftyone.Dataset`, loaded unless it is there; `again` loads it afresh.

    One of a project that was copied or moved follows it, with all that was found and drawn.

    Each included image is a sample, tagged with its split. Its objects are in `ground_truth`: Detections for boxes,
    Polylines for outlines, each with the region and the annotator it came from. Call it inside `connected`.
    """
    import fiftyone

    name, folder = name_of(dataset, project), str(dataset.folder.resolve())
    if fiftyone.dataset_exists(name):
        earlier = fiftyone.load_dataset(name)
        if not again:
            return _coloured(_at(earlier, folder), dataset)
        earlier.delete()
    loaded = _import(dataset)
    loaded.info = {"folder": folder, "version": dataset.version, "task": _task(dataset)}
    loaded.default_classes = dataset.classes
    for split in SPLITS:
        loaded.save_view(split, loaded.match_tags(split))
    _coloured(loaded, dataset)
    loaded.name, loaded.persistent = name, True  # last: a load that was killed is not taken for a whole one
    return loaded


def _coloured(loaded: Any, dataset: Dataset) -> Any:
    """The same dataset, where no person has chosen colours: of labels by class, of predictions white, the false red.

    A right prediction lies on a label of its own class, whose colour is seen beside it.
    """
    import fiftyone

    if loaded.app_config.color_scheme is None:
        classes = {name: of_class(at) for at, name in enumerate(dataset.classes)}
        fields = [
            _field_colours(TRUTH, "label", classes),
            _field_colours(PREDICTIONS, EVALUATION, {"tp": RIGHT, "fp": FALSE}),
        ]
        loaded.app_config.color_scheme = fiftyone.ColorScheme(color_by="value", color_pool=list(PALETTE), fields=fields)
        loaded.save()
    return loaded


def _field_colours(path: str, attribute: str, colours: Mapping[str, str]) -> Document:
    values = [{"value": value, "color": colour} for value, colour in colours.items()]
    return {"path": path, "colorByAttribute": attribute, "valueColors": values}


def _at(earlier: Any, folder: str) -> Any:
    """The same dataset, with its pictures in `folder`."""
    before = earlier.info.get("folder", folder)
    if before != folder:
        paths = (path.removeprefix(f"{before}/") for path in earlier.values("filepath"))
        earlier.set_values("filepath", [os.path.join(folder, path) for path in paths])  # noqa: PTH118 - of many
        earlier.info = {**earlier.info, "folder": folder}
    return earlier


def included(dataset: Dataset) -> pa.Table:
    """The images of the version, in the order of its samples, with their row in the images table as `row`."""
    rows = dataset.images.append_column("row", pa.array(np.arange(dataset.images.num_rows)))
    return rows.filter(pc.is_valid(rows["file"]))


def sample_ids(loaded: Any, dataset: Dataset) -> list[str | None]:
    """FiftyOne's sample id for each row of the images table; None for the excluded."""
    known = dict(zip(*loaded.values(["filepath", "id"]), strict=True))
    root = dataset.folder.resolve() / "images"
    return [file and known.get(str(root / file)) for file in dataset.images["file"].to_pylist()]


def label_ids(loaded: Any, dataset: Dataset) -> list[str | None]:
    """FiftyOne's label id for each row of the instances table; None for what a person has deleted in the App."""
    inside = labels_of(dataset)
    columns = loaded.values(["id", f"{inside}.region_id", f"{inside}.id"])
    labels = {sample: (regions or [], ids or []) for sample, regions, ids in zip(*columns, strict=True)}
    images, regions = (dataset.instances[name].to_pylist() for name in ("image", "region_id"))
    known: dict[Object, str] = {}
    for row, sample in enumerate(sample_ids(loaded, dataset)):
        of_sample, ids = labels.get(sample, ([], []))
        known.update(zip(named((row, region) for region in of_sample), ids, strict=True))
    return [known.get(name) for name in named(zip(images, regions, strict=True))]


def named(pairs: Iterable[tuple[int, str | None]]) -> Iterator[Object]:
    """Numbers the objects of one region, which may have several outlines."""
    times: Counter[tuple[int, str | None]] = Counter()
    for pair in pairs:
        yield *pair, times[pair]
        times[pair] += 1


def labels_of(dataset: Dataset) -> str:
    """The path of the labels in its samples."""
    return f"{TRUTH}.{FIELDS[_task(dataset)][1]}"


def _task(dataset: Dataset) -> str:
    return str(dataset.conversion["task"])


def _import(dataset: Dataset) -> Any:
    """A dataset of FiftyOne with every sample, under a name of its own making."""
    import fiftyone

    kind = fiftyone.types.FiftyOneDataset
    loaded = _empty(_task(dataset))
    with tempfile.TemporaryDirectory() as scratch, paused():
        loaded.export(scratch, dataset_type=kind, export_media=False, overwrite=True, progress=False)
        samples = msgspec.json.encode({"samples": documents(dataset)})
        (Path(scratch) / "samples.json").write_bytes(samples)
        loaded.add_dir(scratch, dataset_type=kind, progress=False)
    return loaded


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


def documents(dataset: Dataset) -> list[Document]:
    """One document per included image, as samples.json of FiftyOne's export has them."""
    images, ids = included(dataset), identifiers()
    task = _task(dataset)
    objects = dataset.instances.drop_columns(["task_id"])
    labels = labels_by_image(objects, dataset.images.num_rows, dataset.classes, task, lambda: {"$oid": next(ids)})
    chance = np.random.default_rng(0).random(images.num_rows).tolist()
    root = str(dataset.folder.resolve() / "images")
    return [
        _sample(root, row, labels[row["row"]], {"$oid": next(ids)}, rand)
        for row, rand in zip(images.to_pylist(), chance, strict=True)
    ]


def _sample(root: str, row: Document, labels: Document, identity: object, rand: float) -> Document:
    return {
        "_id": identity,
        "_media_type": "image",
        "_rand": rand,  # FiftyOne takes random samples by it
        "filepath": f"{root}/{row['file']}",
        "tags": [row["split"]],
        "metadata": {"_cls": "ImageMetadata", "width": row["width"], "height": row["height"]},
        **{name: row[name] for name in ("task_id", "link", "source", "status")},
        TRUTH: labels,
    }
