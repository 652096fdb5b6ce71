"""Label Studio's task JSON → the annotation tables, in blocks, as column work."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from detector import losses
from detector.annotations import IMAGES, REGIONS, Annotations
from detector.errors import DetectorError, UsageError
from detector.label_studio.choose import choose, several
from detector.label_studio.label_config import guess_image_fields, image_fields
from detector.label_studio.policy import Policy
from detector.label_studio.structs import SHAPES, Annotation, Region, Task
from detector.losses import Loss

BLOCK = 2_000  # tasks decoded at a time: enough to amortise, small enough to stay in cache and memory


class Drawn(NamedTuple):
    """A region with the place it belongs to."""

    image: int
    annotation: Annotation
    region: Region
    labels: list[str]


def annotations(exported: bytes, policy: Policy, link: str | None = None, config: str | None = None) -> Annotations:
    """The tables of a Label Studio JSON export, without pixels (sha256, extension, width and height are null).

    `link` is a URL with `{task}` where the task's id goes. `config` is the labelling configuration (XML); without it
    a task's images are the data fields that look like images. Raises UsageError for what is no such export and,
    under the policy `fail`, for tasks with several annotations.
    """
    fields = image_fields(config) if config else None
    decoder = msgspec.json.Decoder(Task)
    images: list[tuple[Any, ...]] = []
    found: list[Loss] = []
    blocks = []
    with _collector_paused():
        raw = _split(exported)
        for start in range(0, len(raw), BLOCK):
            drawn: list[Drawn] = []
            for task in _decode(decoder, raw[start : start + BLOCK], start):
                if policy == "fail" and several(task):
                    raise UsageError(
                        f"task {task.id} has several annotations and pull.annotations is `fail`;"
                        " choose latest, first, ground_truth or annotator"
                    )
                _read_task(task, policy, link, fields, images, drawn, found)
            blocks.append(_regions(drawn))
    return Annotations(_images(images), pa.concat_tables(blocks or [REGIONS.empty_table()]), losses.table(found))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Millions of new objects, none of them in a cycle: the collector would walk them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _split(exported: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(exported, type=list[msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"this is no Label Studio JSON export ({error}); in Label Studio choose Export, then JSON"
        ) from error


def _decode(decoder: "msgspec.json.Decoder[Task]", raw: list[msgspec.Raw], start: int) -> Iterator[Task]:
    for number, text in enumerate(raw, start):
        try:
            yield decoder.decode(text)
        except msgspec.MsgspecError as error:
            hint = ", and this looks like JSON-MIN: export as JSON" if "`annotations`" in str(error) else ""
            raise DetectorError(f"task number {number + 1} of the export can't be read: {error}{hint}") from error


def _read_task(
    task: Task,
    policy: Policy,
    link: str | None,
    fields: dict[str, str] | None,
    images: list[tuple[Any, ...]],
    drawn: list[Drawn],
    found: list[Loss],
) -> None:
    """Append what one task holds to `images`, `drawn` and `found`."""
    data = msgspec.json.decode(task.data)
    sources = _sources(data, guess_image_fields(data) if fields is None else fields)
    chosen, reason = choose(task, policy)
    _passed_over(task, chosen, found)
    shapes = _shapes(chosen, task, found) if chosen else []
    if not sources:
        reason = "no_image"
    elif chosen and chosen.result and not shapes:
        reason = "no_shapes"
    rows = {}
    for name, source in (sources or {"": ""}).items():
        rows[name] = len(images)
        on_it = len(sources) == 1 or any(region.to_name == name for region, _ in shapes)
        status = "excluded" if reason else "annotated" if shapes and on_it else "background"
        url = link.format(task=task.id) if link else None
        images.append((task.id, name, status, source, url, bytes(task.data).decode()))
    if reason:
        found.append(Loss("excluded", "task", reason, task.id))
        found.extend(Loss("dropped", "region", "excluded_image", task.id, region.id) for region, _ in shapes)
        return
    _place(shapes, rows, fields is None, chosen, task, drawn, found)


def _sources(data: dict[str, Any], fields: dict[str, str]) -> dict[str, str]:
    return {name: data[key] for name, key in fields.items() if isinstance(data.get(key), str) and data[key]}


def _passed_over(task: Task, chosen: Annotation | None, found: list[Loss]) -> None:
    """The regions of the annotations that do not count."""
    for annotation in task.annotations:
        if annotation is not chosen:
            reason = "cancelled_annotation" if annotation.was_cancelled else "other_annotation"
            found.extend(
                Loss("dropped", "region", reason, task.id, region.id)
                for region in annotation.result
                if region.type != "labels"
            )


def _shapes(annotation: Annotation, task: Task, found: list[Loss]) -> list[tuple[Region, list[str]]]:
    """The shapes with their labels; <Labels> beside <Rectangle> comes as a second entry with the same id."""
    separate = {region.id: region.value.names() for region in annotation.result if region.type == "labels"}
    shapes = []
    for region in annotation.result:
        if region.type in SHAPES:
            shapes.append((region, region.value.names() or separate.get(region.id, [])))
        elif region.type != "labels":
            found.append(Loss("dropped", "region", "not_a_shape", task.id, region.id, region.type))
    return shapes


def _place(
    shapes: list[tuple[Region, list[str]]],
    rows: dict[str, int],
    guessed: bool,
    annotation: Annotation | None,
    task: Task,
    drawn: list[Drawn],
    found: list[Loss],
) -> None:
    """Give each shape its image: the one that its `to_name` picks, or the only one there is."""
    only = next(iter(rows.values())) if len(rows) == 1 and guessed else None
    for region, labels in shapes:
        image = rows.get(region.to_name, only)
        if image is None or annotation is None:
            found.append(Loss("dropped", "region", "other_control", task.id, region.id, region.to_name))
        else:
            drawn.append(Drawn(image, annotation, region, labels))


def _images(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    columns += [[None] * len(rows)] * (len(IMAGES) - len(columns))
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, IMAGES, strict=True)], IMAGES)


def _regions(drawn: list[Drawn]) -> pa.Table:
    regions = [row.region for row in drawn]
    values = [region.value for region in regions]
    radii = [value.radiusX is not None for value in values]
    columns: dict[str, pa.Array] = {
        "image": pa.array([row.image for row in drawn], pa.int32()),
        "annotation_id": pa.array([row.annotation.id for row in drawn], pa.int64()),
        "region_id": pa.array([region.id for region in regions], pa.string()),
        "annotator": pa.array([row.annotation.annotator for row in drawn], pa.string()),
        "type": pa.array([SHAPES[region.type] for region in regions], pa.string()),
        "labels": _lists([row.labels for row in drawn], pa.string()),
        "x": _floats([value.x for value in values]),
        "y": _floats([value.y for value in values]),
        "width": _floats([v.radiusX if radius else v.width for v, radius in zip(values, radii, strict=True)]),
        "height": _floats([v.radiusY if radius else v.height for v, radius in zip(values, radii, strict=True)]),
        "rotation": _floats([value.rotation or 0.0 for value in values]),
        "points": _points([value.points for value in values]),
        "rle": pa.array([None if value.rle is None else bytes(value.rle) for value in values], pa.binary()),
        "original_width": pa.array([region.original_width for region in regions], pa.int32()),
        "original_height": pa.array([region.original_height for region in regions], pa.int32()),
    }
    return pa.table(columns, REGIONS)


def _floats(values: list[float | None]) -> pa.Array:
    """A column of numbers; None becomes NaN, which every later comparison refuses."""
    return pa.array(np.array(values, np.float64))


def _lists(values: list[list[str]], item: pa.DataType) -> pa.Array:
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(list(chain.from_iterable(values)), item))


def _points(values: list[list[tuple[float, float]] | None]) -> pa.Array:
    """Flat coordinates per region; null where the region has no points."""
    lengths = np.array([2 * len(value) if value else 0 for value in values], np.int32)
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    flat = np.fromiter(
        chain.from_iterable(chain.from_iterable(value for value in values if value)), np.float64, offsets[-1]
    )
    absent = pa.array(np.array([value is None for value in values], bool))
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat), mask=absent)
