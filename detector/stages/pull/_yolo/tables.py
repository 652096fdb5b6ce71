"""A YOLO folder as annotation tables, without pixels."""

import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from detector.data import losses
from detector.data.annotations import IMAGES, REGIONS, Annotations
from detector.data.losses import Loss
from detector.errors import UsageError
from detector.stages.pull._yolo.labels import Labels
from detector.stages.pull._yolo.names import Names
from detector.stages.pull._yolo.rows import Row, rows_of
from detector.stages.pull._yolo.splits import Splits
from detector.stages.pull._yolo.walk import Folder
from detector.terms import SPLITS

_COLUMNS = ("image", "annotation_id", "region_id", "type", "labels", "x", "y", "width", "height", "rotation", "points")
_DATA = {None: "{}"} | {split: json.dumps({"split": split}) for split in SPLITS}


class _Content(NamedTuple):
    """What the tables are made of, a row at a time; `nameless` are rows whose class has no name."""

    images: list[tuple[Any, ...]]
    regions: list[tuple[Any, ...]]
    losses: list[Loss]
    nameless: list[str]


class Known(NamedTuple):
    """What is known of a folder before a txt is read."""

    folder: Folder
    labels: Labels
    names: Names
    splits: Splits


def tables(known: Known, *, without_txt: str) -> Annotations:
    """The tables. Task ids count through the images, from 1. Raises UsageError for class ids that have no name."""
    folder, labels = known.folder, known.labels
    content = _Content([], [], [], [])
    for at, image in enumerate(folder.images):
        text = labels.of.get(image)
        why = _why_not(image, text, folder, without_txt)
        rows = rows_of(f"{folder.root}/{text}") if text and text not in folder.outside else []
        _image(content, at, image, (why, "annotated" if rows else "background"), known.splits.of.get(image))
        _rows(content, at, rows, why, known.names)
        for other in labels.more.get(image, ()):
            _second(content, at, rows, folder, other)
    content.losses.extend(
        Loss("excluded", "image", "outside_folder", None, None, as_text(link)) for link in folder.left
    )
    for text in labels.alone:
        if text not in known.splits.lists and text not in known.names.files:
            _alone(content, folder, text)
    if content.nameless:
        raise UsageError(_without_a_name(content.nameless, known.names))
    images, regions = _table(content.images, IMAGES.names, IMAGES), _table(content.regions, _COLUMNS, REGIONS)
    return Annotations(images, regions, losses.table(content.losses))


def _why_not(image: str, text: str | None, folder: Folder, without_txt: str) -> str | None:
    """Why a picture is excluded, if it is."""
    if as_text(image) != image:
        return "unreadable_name"
    if image in folder.outside:
        return "outside_image"
    if text in folder.outside:
        return "outside_txt"
    return "no_txt" if text is None and without_txt == "exclude" else None


def _image(content: _Content, at: int, image: str, state: tuple[str | None, str], split: str | None) -> None:
    """A picture's row; `state` is why it is excluded, and what it is otherwise."""
    why, status = state
    source = as_text(image)
    content.images.append(
        (at + 1, "image", "excluded" if why else status, source, None, _DATA[split], *[None] * 4, split)
    )
    if why:
        content.losses.append(Loss("excluded", "image", why, at + 1, None, source))


def _rows(content: _Content, at: int, rows: list[Row], why: str | None, names: Names) -> None:
    """The rows of the txt of a picture, which is excluded where there is a `why`."""
    source = content.images[-1][3]
    for row in rows:
        region = f"{source}:{row.line}"
        if row.wrong:
            content.losses.append(Loss("dropped", "region", "malformed_row", at + 1, region, row.wrong))
        elif why:
            content.losses.append(Loss("dropped", "region", "excluded_image", at + 1, region))
        elif row.class_id in names.labels:
            content.regions.append(_region(at, region, row, names.labels[row.class_id]))
        else:
            content.nameless.append(f"{region}: class {row.class_id}")


def _region(image: int, region: str, row: Row, label: str) -> tuple[Any, ...]:
    if len(row.numbers) > 4:
        return (image, 0, region, "polygon", [label], None, None, None, None, 0.0, row.numbers)
    x, y, width, height = row.numbers
    return (image, 0, region, "rectangle", [label], x - width / 2, y - height / 2, width, height, 0.0, None)


def _second(content: _Content, at: int, rows: list[Row], folder: Folder, text: str) -> None:
    """A further txt of a picture: a copy says nothing new, another one is not read beside the first."""
    others = [] if text in folder.outside else rows_of(f"{folder.root}/{text}")
    if [row[1:] for row in others] != [row[1:] for row in rows]:
        regions = (f"{as_text(text)}:{row.line}" for row in others)
        content.losses.extend(Loss("dropped", "region", "second_txt", at + 1, region) for region in regions)


def _alone(content: _Content, folder: Folder, text: str) -> None:
    """A label file without a picture; any other text (a README, say) is none of ours."""
    name = as_text(text)
    in_labels = any(part.lower() == "labels" for part in text.split("/")[:-1])
    if text in folder.outside:
        if in_labels:
            content.losses.append(Loss("excluded", "image", "outside_txt", None, None, name))
        return
    rows = rows_of(f"{folder.root}/{text}")
    if not in_labels and all(row.wrong for row in rows):
        return
    lost = [Loss("dropped", "region", "no_picture", None, f"{name}:{row.line}", name) for row in rows]
    content.losses.extend(lost or [Loss("excluded", "image", "lone_txt", None, None, name)])


def _without_a_name(nameless: Sequence[str], names: Names) -> str:
    more = f" (and {len(nameless) - 1:,} more row{'s' * (len(nameless) > 2)})" if len(nameless) > 1 else ""
    count = f"there {'is 1 name' if len(names.labels) == 1 else f'are {len(names.labels):,} names'}"
    if names.source == "classes":
        return f"{nameless[0]}{more}, but {count}; give the names file as pull.names, or add to `classes`"
    return f"{nameless[0]}{more}, but {count} in {names.source}; add what is missing there"


def _table(rows: list[tuple[Any, ...]], names: Sequence[str], schema: pa.Schema) -> pa.Table:
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    nothing = [None] * len(rows)
    return pa.table([pa.array(columns.get(field.name, nothing), field.type) for field in schema], schema)


def as_text(path: str) -> str:
    """A path as text; what is no Unicode in it becomes a question mark."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "replace")
