"""A folder of any other type, by FiftyOne's own importer: into a dataset for a moment, and out again."""

import posixpath
from pathlib import Path
from typing import Any

from detector.errors import DetectorError, UsageError
from detector.stages.pull._fiftyone import samples
from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.kinds import CLASSES
from detector.stages.pull._fiftyone.rest import add_rest
from detector.stages.pull._fiftyone.shapes import Drawn
from detector.stages.pull._fiftyone.splits import split_of


def read(folder: Folder, kind: str, field: str | None, task: str, database: Path) -> Drawn:
    """What FiftyOne imports from the folder. Raises UsageError, with what FiftyOne says, where it can't."""
    from detector.browse.database import connected

    root = folder.root.resolve()
    with connected(database) as fiftyone:
        dataset = fiftyone.Dataset()
        try:
            for place, split in _places(folder, root):
                _import(fiftyone, dataset, place, kind, split)
            if not len(dataset):
                raise UsageError(f"{folder.root}: FiftyOne finds no picture there as {CLASSES[kind]} has them")
            fields = samples.chosen_fields(dataset, field, several=kind != "fiftyone")
            drawn = samples.read(dataset, fields, task, imported=True, root=root)
        finally:
            dataset.delete()
    add_rest(drawn, folder, {picture.source for picture in drawn.pictures})
    return drawn


def _places(folder: Folder, root: Path) -> list[tuple[Path, str | None]]:
    """The folders train, valid, test, each of which is a data set; otherwise the folder itself."""
    tops = sorted({file.split("/")[0] for file in folder.files if "/" in file})
    splits: list[tuple[Path, str | None]] = [(root / top, split_of(top)) for top in tops if split_of(top)]
    loose = any("/" not in file and posixpath.splitext(file)[1].lower() in {".xml", ".json"} for file in folder.files)
    return splits if splits and not loose else [(root, None)]


def _import(fiftyone: Any, dataset: Any, place: Path, kind: str, split: str | None) -> None:
    known = getattr(fiftyone.types, CLASSES[kind])
    more = {} if kind == "fiftyone" else {"label_field": "labels"}
    tags = [split] if split else None
    try:
        dataset.add_dir(dataset_dir=str(place), dataset_type=known, tags=tags, progress=False, **more)
    except DetectorError:
        raise
    except Exception as error:  # importers raise whatever a file of somebody's made them
        said = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"FiftyOne can't import {place} as {CLASSES[kind]}: {type(error).__name__}: {said[:300]}; mend what it"
            f" names, or say another type: pull.type: {' | '.join(CLASSES)}"
        ) from error
