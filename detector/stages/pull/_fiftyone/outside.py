"""What a folder names outside of itself: none of it is read, as it could be any file of this machine."""

import posixpath
from collections.abc import Iterator

import yaml

from detector.errors import UsageError
from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.shapes import Drawn, Picture
from detector.stages.pull._links import advice, is_inside, links_out, refuse_pipes
from detector.system.text import decode, lines
from detector.terms import SPLITS

DESCRIPTIONS = ("dataset.yaml", "data.yaml")  # of YOLOv5, as FiftyOne reads it
_MANIFEST = "images.txt"  # of YOLOv4


def refuse(folder: Folder, kind: str) -> None:
    """Raise UsageError where FiftyOne's own importer would follow a link, or a line, out of the folder, or wait."""
    refuse_pipes(folder.root)
    if links := sorted(links_out(folder.root)):
        raise UsageError(f"pull.path: {folder.root} is read by FiftyOne itself{advice(links)}")
    for file, entry in _named(folder, kind):
        if not is_inside(folder.root / entry, folder.root):
            raise UsageError(
                f"{folder.root / file} names {entry}, which is not in {folder.root}; put it there, and name it by its"
                " path from there"
            )


def without_outside(drawn: Drawn, folder: Folder) -> Drawn:
    """What was read, with pictures that lie elsewhere excluded, and links to folders elsewhere told."""
    files = frozenset(folder.files) - folder.outside
    for at, picture in enumerate(drawn.pictures):
        if picture.file and picture.source not in files and not is_inside(picture.file, folder.root):
            drawn.pictures[at] = picture._replace(file=None, status="outside_image")
    drawn.pictures += [Picture(link, None, "outside_folder") for link in folder.left]
    return drawn


def _named(folder: Folder, kind: str) -> Iterator[tuple[str, str]]:
    """Files, and what each names, by which FiftyOne finds the label files of YOLO."""
    if kind == "yolov4":
        for file in folder.ending(_MANIFEST):
            yield from _listed(folder, file)
    if kind == "yolov5":
        for file in folder.ending(*DESCRIPTIONS):
            for entry in _places(folder, file):
                yield file, entry
                if entry in folder.files:
                    yield from _listed(folder, entry)


def _listed(folder: Folder, file: str) -> Iterator[tuple[str, str]]:
    names = lines(decode(folder.read(file), "replace"))
    yield from ((file, posixpath.normpath(posixpath.join(posixpath.dirname(file), name))) for name in names)


def _places(folder: Folder, file: str) -> Iterator[str]:
    """Where the splits of a YAML are, from the top of the folder. A broken one is refused by the importer."""
    try:
        content = yaml.safe_load(folder.read(file))
    except (yaml.YAMLError, ValueError):
        return
    content = content if isinstance(content, dict) else {}
    path = content.get("path")
    base = posixpath.join(posixpath.dirname(file), path if isinstance(path, str) else "")
    for split in (*SPLITS, "valid", "validation"):
        entries = content.get(split)
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, str):
                yield posixpath.normpath(posixpath.join(base, entry))
