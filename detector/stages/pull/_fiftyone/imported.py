"""A folder of any other type, by FiftyOne's own importer: into a dataset for a moment, and out again."""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from detector.errors import DetectorError, UsageError
from detector.stages.pull._fiftyone import samples
from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.kinds import CLASSES
from detector.stages.pull._fiftyone.outside import DESCRIPTIONS, refuse
from detector.stages.pull._fiftyone.rest import add_rest
from detector.stages.pull._fiftyone.shapes import Drawn
from detector.stages.pull._fiftyone.splits import split_of
from detector.terms import SPLITS


class _Part(NamedTuple):
    """One call of the importer: where, the split that it is, and what else the importer must be told."""

    place: Path
    split: str | None
    more: Mapping[str, str]


def read(folder: Folder, kind: str, field: str | None, task: str, database: Path) -> Drawn:
    """What FiftyOne imports from the folder. Raises UsageError, with what FiftyOne says, where it can't."""
    from detector.browse.database import connected

    refuse(folder, kind)
    root = folder.root.resolve()
    with connected(database) as fiftyone:
        dataset = fiftyone.Dataset()
        try:
            for part in _parts(folder, root, kind):
                _import(fiftyone, dataset, part, kind)
            if not len(dataset):
                raise UsageError(f"{folder.root}: FiftyOne finds no picture there as {CLASSES[kind]} has them")
            fields = samples.chosen_fields(dataset, field, several=kind != "fiftyone")
            drawn = samples.read(dataset, fields, task, imported=True, root=root)
        finally:
            dataset.delete()
    add_rest(drawn, folder, {picture.source for picture in drawn.pictures})
    return drawn


def _parts(folder: Folder, root: Path, kind: str) -> list[_Part]:
    """Each split of a YOLOv5 YAML; the folders train, valid, test where each is a data set; or the folder itself."""
    described = next((file for file in DESCRIPTIONS if file in folder.files), None)
    if kind == "yolov5" and described:
        more = {"yaml_path": str(root / described)}
        return [_Part(root, name, more | {"split": name}) for name in _splits_of(folder, described)]
    tops = sorted({file.split("/")[0] for file in folder.files if "/" in file})
    parts = [_Part(root / top, split_of(top), {}) for top in tops if split_of(top)]
    loose = any("/" not in file and posixpath.splitext(file)[1].lower() in {".xml", ".json"} for file in folder.files)
    return parts if parts and not loose else [_Part(root, None, {})]


def _splits_of(folder: Folder, described: str) -> list[str]:
    """The splits that a YAML names. Raises UsageError where it names none."""
    try:
        content = yaml.safe_load(folder.read(described))
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{folder.root / described} is not YAML: {' '.join(str(error).split())}") from error
    names = [name for name in SPLITS if isinstance(content, dict) and content.get(name)]
    if not names:
        raise UsageError(f"{folder.root / described} names no train, val or test; say where the pictures are")
    return names


def _import(fiftyone: Any, dataset: Any, part: _Part, kind: str) -> None:
    known = getattr(fiftyone.types, CLASSES[kind])
    more = {**part.more} if kind == "fiftyone" else {**part.more, "label_field": "labels"}
    tags = [part.split] if part.split else None
    try:
        dataset.add_dir(dataset_dir=str(part.place), dataset_type=known, tags=tags, progress=False, **more)
    except DetectorError:
        raise
    except Exception as error:  # importers raise whatever a file of somebody's made them
        text = " ".join(str(error).split())
        raise UsageError(
            f"FiftyOne can't import {part.place} as {CLASSES[kind]}: {type(error).__name__}: {text[:300]}; mend what it"
            f" names, or say another type: pull.type: {' | '.join(CLASSES)}"
        ) from error
