"""COCO's JSON: images, annotations, categories; several files for several splits.

Format: https://cocodataset.org/#format-data. A box is left, top, width, height in pixels. An outline is a list of
polygons, or a run-length code; `iscrowd` marks a region that holds many objects.
"""

import posixpath
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from detector.errors import UsageError
from detector.stages.pull._fiftyone.documents import opened
from detector.stages.pull._fiftyone.files import Folder
from detector.stages.pull._fiftyone.numbers import numbers_of, size_of
from detector.stages.pull._fiftyone.rest import add_rest, mark_backgrounds
from detector.stages.pull._fiftyone.rle import mask_of_parts, mask_of_rle
from detector.stages.pull._fiftyone.shapes import Drawn, Lost, Picture, Shape
from detector.stages.pull._fiftyone.splits import split_of_name

_NEAR = ("", "data", "images", "../images", "../data", "..", "../..")  # where pictures lie, seen from the JSON
_OTHERS = ("person_keypoints_", "captions_", "panoptic_", "stuff_", "image_info_")  # beside instances_


class Image(msgspec.Struct):
    """An entry of `images`. Nothing is believed before it is looked at."""

    id: Any = None
    file_name: Any = None
    width: Any = None
    height: Any = None


class Annotation(msgspec.Struct):
    """An entry of `annotations`; its outline is read where it is needed."""

    id: Any = None
    image_id: Any = None
    category_id: Any = None
    bbox: Any = None
    iscrowd: Any = 0
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


class Category(msgspec.Struct):
    """An entry of `categories`."""

    id: Any = None
    name: Any = None


class File(msgspec.Struct):
    """A whole file."""

    images: list[Image]
    annotations: list[Annotation] | None = None
    categories: list[Category] | None = None


class _Reader(NamedTuple):
    """What is gathered over all files: the row of each picture by its path, and the split that it is said to be in."""

    folder: Folder
    drawn: Drawn
    rows: dict[str, int]
    splits: dict[str, tuple[str, str]]
    outlines: bool


def read(folder: Folder, task: str) -> Drawn:
    """Everything that the JSON files of the folder say. Raises UsageError where there is none, or one is broken."""
    files = _files(folder)
    reader = _Reader(folder, Drawn(in_pixels=True), {}, {}, task == "segment")
    for file in files:
        _read_file(reader, file)
    mark_backgrounds(reader.drawn)
    add_rest(reader.drawn, folder, reader.rows.keys())
    return reader.drawn


def _files(folder: Folder) -> list[str]:
    """The JSON files that count: of COCO's own set, those of instances alone."""
    files = [file for file in folder.ending(".json") if opened(folder, file)[1].images]
    if any(posixpath.basename(file).startswith("instances_") for file in files):
        files = [file for file in files if not posixpath.basename(file).startswith(_OTHERS)]
    if not files:
        raise UsageError(
            f"{folder.root} has no JSON file with `images` in it, as COCO has it; export it again as COCO, with labels"
        )
    return files


def _read_file(reader: _Reader, file: str) -> None:
    content = _decoded(reader.folder, file)
    split = split_of_name(file)
    by_id = _pictures(reader, file, content.images, split)
    names = {str(each.id): str(each.name) for each in content.categories or [] if each.name is not None}
    if content.annotations is None:
        reader.drawn.notes.append(f"{file} has no `annotations`: its pictures count as unlabelled")
        for row in by_id.values():
            reader.drawn.pictures[row] = reader.drawn.pictures[row]._replace(status="unlabelled")
    for at, each in enumerate(content.annotations or []):
        name = f"{file}:{each.id if isinstance(each.id, int | str) else f'#{at + 1}'}"
        key = str(each.image_id)
        if key not in by_id:
            by_id[key] = _absent(reader, file, key)
        _take(reader, by_id[key], name, names.get(str(each.category_id)), each)


def _decoded(folder: Folder, file: str) -> File:
    try:
        return msgspec.json.decode(opened(folder, file)[0], type=File)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UsageError(f"{folder.root / file} is not as COCO has it: {error}; export it again") from error


def _pictures(reader: _Reader, file: str, images: Sequence[Image], split: str | None) -> dict[str, int]:
    """The row of each image of a file by its id. One that two files name is one picture."""
    directory = posixpath.dirname(file)
    near = [posixpath.normpath(posixpath.join(directory, place)) for place in (*_NEAR, split or "")]
    named = {str(each.file_name): _located(reader.folder, near, each.file_name, split) for each in images}
    shared = _shared(named)
    by_id: dict[str, int] = {}
    for each in images:
        name = str(each.file_name)
        path = None if name in shared else named[name]
        key = path or f"{file}: {name}"
        if key not in reader.rows:
            reader.rows[key] = len(reader.drawn.pictures)
            source = reader.folder.root / path if path else None
            data, size = {"split": split} if split else {}, size_of(each.width, each.height)
            reader.drawn.pictures.append(Picture(path or name, source, "annotated", size, data))
        _one_split(reader, key, split, file)
        by_id[str(each.id)] = reader.rows[key]
    return by_id


def _located(folder: Folder, near: Sequence[str], name: object, split: str | None) -> str | None:
    return folder.picture(name, near, split) if isinstance(name, str) and name else None


def _shared(named: dict[str, str | None]) -> set[str]:
    """Names that would share a picture with another one; of these only the one that is its path has it."""
    by_path: dict[str, list[str]] = {}
    for name, path in named.items():
        if path:
            by_path.setdefault(path, []).append(name)
    several = [(path, names) for path, names in by_path.items() if len(names) > 1]
    return {name for path, names in several for name in names if posixpath.normpath(name) != path}


def _one_split(reader: _Reader, key: str, split: str | None, file: str) -> None:
    """Raises UsageError for a picture that one file says to be of a split, and another of another."""
    if split is None:
        return
    other, source = reader.splits.setdefault(key, (split, file))
    if other != split:
        raise UsageError(
            f"{key} is in {source} ({other}) and in {file} ({split}): what is trained on can't be tested on; take it"
            " out of one of them"
        )


def _absent(reader: _Reader, file: str, image_id: str) -> int:
    """A row for annotations of an image that is not listed."""
    reader.drawn.pictures.append(Picture(f"{file}: image_id {image_id}", None, "no_image"))
    return len(reader.drawn.pictures) - 1


def _take(reader: _Reader, row: int, name: str, label: str | None, each: Annotation) -> None:
    if each.iscrowd not in (0, "0", None):
        reader.drawn.lost.append(Lost(row, "crowd", name, label))
        return
    shape = (_outline(row, name, label, each) if reader.outlines else None) or _box(row, name, label, each)
    if shape is None:
        shape = _outline(row, name, label, each)  # a box can be made of it
    if shape is None:
        reader.drawn.lost.append(Lost(row, "malformed_region", name, label))
    else:
        reader.drawn.shapes.append(shape)


def _box(row: int, name: str, label: str | None, each: Annotation) -> Shape | None:
    numbers = numbers_of(each.bbox)
    return Shape(row, name, label, "rectangle", numbers) if numbers and len(numbers) == 4 else None


def _outline(row: int, name: str, label: str | None, each: Annotation) -> Shape | None:
    """The outline of an annotation; None where it has none, or none that can be read."""
    raw = bytes(each.segmentation)
    if raw in {b"null", b"[]"}:
        return None
    drawn = msgspec.json.decode(raw)
    if isinstance(drawn, dict):
        return Shape(row, name, label, "mask", (), partial(mask_of_rle, drawn))
    parts = list(_parts(drawn))
    if len(parts) > 1:
        return Shape(row, name, label, "mask", (), partial(mask_of_parts, parts))
    return Shape(row, name, label, "polygon", parts[0]) if parts else None


def _parts(drawn: Any) -> Iterator[list[float]]:
    """The polygons of an outline that have an area; some tools write a single one without a list around it."""
    if not isinstance(drawn, list):
        return
    for part in drawn if drawn and isinstance(drawn[0], list) else [drawn]:
        numbers = numbers_of(part)
        if numbers and len(numbers) >= 6 and len(numbers) % 2 == 0:
            yield numbers
