"""Which type a folder is, as its files tell."""

import re

from detector.errors import UsageError
from detector.stages.pull._fiftyone.documents import opened
from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.kinds import CLASSES
from detector.stages.pull._links import advice

_SHORT = {name: short for short, name in CLASSES.items()}
_ROOT = re.compile(rb"<(annotations?)[\s/>]")
_LOOKED_AT = 20  # files of a kind; the first of them by path


def kind_of(folder: Folder, stated: str | None) -> str:
    """The short name of the folder's type. Raises UsageError where its files tell none, or several."""
    if stated:
        return _SHORT.get(stated, stated)
    kinds = _kinds_in(folder)
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise UsageError(
            f"{folder.root} holds files of {' and of '.join(kinds)}; say which is meant: pull.type: {kinds[0]}"
        )
    if any(name.endswith(".txt") for name in folder.files) and folder.images:
        raise UsageError(
            f"{folder.root} has no labels that tell their type; a folder with a txt for each picture is pulled by"
            f" `pull: {{using: yolo, path: {folder.root}}}`, another type is named by pull.type: {' | '.join(CLASSES)}"
            f"{advice(folder.leading_out)}"
        )
    raise UsageError(
        f"{folder.root}: no JSON of COCO's, no XML of Pascal VOC's or CVAT's is in it; see that pull.path is the folder"
        f" that holds labels and pictures, or name its type by pull.type: {' | '.join(CLASSES)}"
        f"{advice(folder.leading_out)}"
    )


def _kinds_in(folder: Folder) -> list[str]:
    if {"metadata.json", "samples.json"} <= set(folder.files):
        return ["fiftyone"]
    kinds = [_kind_of_json(folder, file) for file in folder.ending(".json")[:_LOOKED_AT]]
    kinds += [_kind_of_xml(folder, file) for file in folder.ending(".xml")[:_LOOKED_AT]]
    return sorted({kind for kind in kinds if kind})


def _kind_of_json(folder: Folder, file: str) -> str | None:
    _, keys = opened(folder, file)
    if keys.images and (keys.annotations or keys.categories):
        return "coco"
    return "fiftyone_detections" if bytes(keys.labels).lstrip().startswith(b"{") else None


def _kind_of_xml(folder: Folder, file: str) -> str | None:
    root = _ROOT.search(folder.read(file)[:4096])
    return {b"annotation": "voc", b"annotations": "cvat"}.get(root[1]) if root else None
