"""Label Studio's task JSON → the annotation tables, a block of tasks at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from detector import losses
from detector.annotations import REGIONS, Annotations
from detector.collector import paused
from detector.errors import DetectorError, UsageError
from detector.label_studio.choose import choose, several
from detector.label_studio.columns import image_table, region_table
from detector.label_studio.label_config import guess_image_fields, image_fields
from detector.label_studio.policy import Policy
from detector.label_studio.structs import LABELS, SHAPES, Annotation, Region, Task
from detector.losses import Loss

BLOCK = 2_000  # tasks decoded at a time: enough to amortise, few enough to stay in cache and memory


Shapes = tuple[list[Region], list[list[str] | None]]  # regions, and the labels of each


class How(NamedTuple):
    """How to read tasks.

    `link` is a URL with `{task}` where the task's id goes. `fields` maps Image controls to data fields, None guesses
    them. `emails` has the addresses of annotators that tasks name by a number.
    """

    policy: Policy
    link: str | None = None
    fields: Mapping[str, str] | None = None
    emails: Mapping[int, str] = MappingProxyType({})


@dataclass
class Reading:
    """What was read so far: rows of images, losses, and the regions of the current block with what goes with them."""

    how: How
    images: list[tuple[Any, ...]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    labels: list[list[str] | None] = field(default_factory=list)
    image_of: list[int] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def region_block(self) -> pa.Table:
        """The regions read since the last block."""
        block = region_table(self.regions, self.labels, self.image_of, self.annotations, self.counts)
        self.regions, self.labels, self.image_of, self.annotations, self.counts = [], [], [], [], []
        return block


def annotations(exported: bytes, policy: Policy, config: str | None = None) -> Annotations:
    """The tables of a Label Studio JSON export, without pixels (sha256, extension, width and height are null).

    `config` is the labelling configuration (XML); without it a task's images are the data fields that look like
    images. Raises UsageError for what is no such export and, under the policy `fail`, for tasks with several
    annotations.
    """
    with paused():
        return tables(_split(exported), How(policy, fields=image_fields(config) if config else None))


def tables(raw: Sequence[bytes | msgspec.Raw], how: How) -> Annotations:
    """As `annotations`, of tasks that are JSON each."""
    decoder = msgspec.json.Decoder(Task)
    reading, blocks = Reading(how), []
    with paused():
        for start in range(0, len(raw), BLOCK):
            for task in _decode(decoder, raw[start : start + BLOCK], start):
                _read_task(task, reading)
            blocks.append(reading.region_block())
    regions = pa.concat_tables(blocks or [REGIONS.empty_table()])
    return Annotations(image_table(reading.images), regions, losses.table(reading.losses))


def _split(exported: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(exported, type=list[msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"this is no Label Studio JSON export ({error}); in Label Studio choose Export, then JSON"
        ) from error


def _decode(decoder: "msgspec.json.Decoder[Task]", raw: Sequence[bytes | msgspec.Raw], start: int) -> Iterator[Task]:
    for number, text in enumerate(raw, start):
        try:
            yield decoder.decode(text)
        except msgspec.MsgspecError as error:
            hint = "; it looks like JSON-MIN: export as JSON" if "`annotations`" in str(error) else ""
            raise DetectorError(f"task number {number + 1} of the export can't be read: {error}{hint}") from error


def _read_task(task: Task, reading: Reading) -> None:
    """Append what one task holds."""
    how = reading.how
    if how.emails:
        _address(task.annotations, how.emails)
    if how.policy == "fail" and several(task):
        raise UsageError(
            f"task {task.id} has several annotations and pull.annotations is `fail`;"
            " choose latest, first, ground_truth, consensus or annotator"
        )
    data = msgspec.json.decode(task.data)
    sources = _sources(data, guess_image_fields(data) if how.fields is None else how.fields)
    chosen, reason, lost = choose(task, how.policy)
    if lost is not None:
        reading.losses.extend(Loss("dropped", "region", why, task.id, region.id) for why, region in lost)
    elif len(task.annotations) > 1 or chosen is None:
        _pass_over(task, chosen, reading.losses)
    shapes = _shapes(chosen, task.id, reading.losses) if chosen else ([], [])
    if chosen and chosen.result and not shapes[0]:
        reason = "no_shapes"
    reason = reason if sources else "no_image"
    rows = _image_rows(task, sources, reason, {region.to_name for region in shapes[0]}, reading)
    if reason or chosen is None:
        reading.losses.append(Loss("excluded", "task", reason, task.id))
        reading.losses.extend(Loss("dropped", "region", "excluded_image", task.id, region.id) for region in shapes[0])
    else:
        _place(shapes, rows, chosen, task.id, reading)


def _address(annotations: list[Annotation], emails: Mapping[int, str]) -> None:
    """Name annotators as an export does."""
    for annotation in annotations:
        who = annotation.completed_by
        if isinstance(who, int) and who in emails:
            annotation.completed_by = {"id": who, "email": emails[who]}


def _sources(data: dict[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """Image control → the reference that it shows."""
    return {name: data[key] for name, key in fields.items() if data.get(key) and isinstance(data[key], str)}


def _image_rows(
    task: Task, sources: dict[str, str], reason: str, drawn_on: set[str], reading: Reading
) -> dict[str, int]:
    """A row for each image of the task (one without image, if it has none); control → row."""
    rows = {}
    link = reading.how.link.format(task=task.id) if reading.how.link else None
    text = bytes(task.data).decode()
    for name, source in (sources or {"": ""}).items():
        here = bool(drawn_on) if len(sources) == 1 else name in drawn_on
        status = "excluded" if reason else "annotated" if here else "background"
        rows[name] = len(reading.images)
        reading.images.append((task.id, name, status, source, link, text))
    return rows


def _pass_over(task: Task, chosen: Annotation | None, found: list[Loss]) -> None:
    """The regions of the annotations that do not count."""
    for annotation in task.annotations:
        if annotation is not chosen:
            reason = "cancelled_annotation" if annotation.was_cancelled else "other_annotation"
            lost = (region.id for region in annotation.result if region.type != LABELS)
            found.extend(Loss("dropped", "region", reason, task.id, region) for region in lost)


def _shapes(annotation: Annotation, task: int, found: list[Loss]) -> Shapes:
    """The shapes and their labels; <Labels> beside <Rectangle> comes as a second entry with the same id."""
    shapes = annotation.result
    if not {region.type for region in shapes} <= SHAPES.keys():
        other = [region for region in shapes if region.type not in SHAPES and region.type != LABELS]
        found.extend(Loss("dropped", "region", "not_a_shape", task, region.id, region.type) for region in other)
        shapes = [region for region in shapes if region.type in SHAPES]
    labels = [region.labels() for region in shapes]
    if not all(labels) and len(shapes) < len(annotation.result):
        separate = {region.id: region.value.labels for region in annotation.result if region.type == LABELS}
        labels = [own or separate.get(region.id) for own, region in zip(labels, shapes, strict=True)]
    return shapes, labels


def _place(shapes: Shapes, rows: dict[str, int], annotation: Annotation, task: int, into: Reading) -> None:
    """Give each shape its image: the one that its `to_name` picks, or the only one there is."""
    regions, labels = shapes
    only = next(iter(rows.values())) if len(rows) == 1 and into.how.fields is None else None
    if only is not None or ({region.to_name for region in regions} == rows.keys() and len(rows) == 1):
        images = [next(iter(rows.values()))] * len(regions)
    else:
        regions, labels, images = _on_images(shapes, rows, task, into.losses)
    into.regions += regions
    into.labels += labels
    into.image_of += images
    into.annotations.append(annotation)
    into.counts.append(len(regions))


def _on_images(
    shapes: Shapes, rows: dict[str, int], task: int, found: list[Loss]
) -> tuple[list[Region], list[list[str] | None], list[int]]:
    """Only the shapes that are on an image of the task, and the row of each one's."""
    placed = [(region, label, rows.get(region.to_name)) for region, label in zip(*shapes, strict=True)]
    lost = [region for region, _, row in placed if row is None]
    found.extend(Loss("dropped", "region", "other_control", task, region.id, region.to_name) for region in lost)
    kept = [(region, label, row) for region, label, row in placed if row is not None]
    return [region for region, _, _ in kept], [label for _, label, _ in kept], [row for _, _, row in kept]
