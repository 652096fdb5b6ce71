"""A dataset version in FiftyOne: its samples, its labels, and a model's predictions beside them."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from detector.browse.importing import NO_TAGS, Tags, imported
from detector.browse.labels import TRUTH, Document, labels_of, task_of
from detector.data.colours import FALSE, PALETTE, RIGHT, of_class
from detector.data.dataset import Dataset
from detector.terms import SPLITS

PREDICTIONS = "predictions"
EVALUATION = "evaluation"  # of a label or a prediction: tp, fp or fn
Object = tuple[int, str | None, int]  # image, region, and which one of that region
Placed = tuple[int, str, list[tuple[Object, str]]]


def name_of(dataset: Dataset, project: str) -> str:
    """What a version is called in FiftyOne."""
    return f"{project}-{dataset.version}"


def is_there(dataset: Dataset, project: str) -> bool:
    """Whether the version is in the database. Call it inside `connected`."""
    import fiftyone

    return bool(fiftyone.dataset_exists(name_of(dataset, project)))


def load(dataset: Dataset, project: str, tags: Tags = NO_TAGS) -> Any:
    """The version as a persistent `fiftyone.Dataset`, loaded with these tags unless it is there.

    One of a project that was copied or moved follows it, with all that was found and drawn.

    Each included image is a sample, tagged with its split. Its objects are in `ground_truth`: Detections for boxes,
    Polylines for outlines, each with the region and the annotator it came from. Call it inside `connected`.
    """
    import fiftyone

    name, folder = name_of(dataset, project), str(dataset.folder.resolve())
    if is_there(dataset, project):
        return _coloured(_at(fiftyone.load_dataset(name), folder), dataset)
    loaded = imported(dataset, tags)
    loaded.info = {"folder": folder, "version": dataset.version, "task": task_of(dataset)}
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


def sample_ids(loaded: Any, dataset: Dataset) -> list[str | None]:
    """FiftyOne's sample id for each row of the images table; None for the excluded."""
    known = dict(zip(*loaded.values(["filepath", "id"]), strict=True))
    root = dataset.folder.resolve() / "images"
    return [file and known.get(str(root / file)) for file in dataset.images["file"].to_pylist()]


def label_ids(loaded: Any, dataset: Dataset) -> list[str | None]:
    """FiftyOne's label id for each row of the instances table; None for what a person has deleted in the App."""
    known = {name: label for _, _, labels in placed(loaded, dataset) for name, label in labels}
    images, regions = (dataset.instances[name].to_pylist() for name in ("image", "region_id"))
    return [known.get(name) for name in named(zip(images, regions, strict=True))]


def placed(loaded: Any, dataset: Dataset) -> Iterator[Placed]:
    """What FiftyOne has of each image that is there: its row in the images table, sample id, objects with label ids."""
    inside = labels_of(dataset)
    columns = loaded.values(["id", f"{inside}.region_id", f"{inside}.id"])
    labels = {sample: (regions or [], ids or []) for sample, regions, ids in zip(*columns, strict=True)}
    for row, sample in enumerate(sample_ids(loaded, dataset)):
        if sample:
            regions, ids = labels[sample]
            yield row, sample, list(zip(named((row, region) for region in regions), ids, strict=True))


def named(pairs: Iterable[tuple[int, str | None]]) -> Iterator[Object]:
    """Numbers the objects of one region, which may have several outlines."""
    times: Counter[tuple[int, str | None]] = Counter()
    for pair in pairs:
        yield *pair, times[pair]
        times[pair] += 1
