"""One task of Label Studio's → the rows of its images, the shapes on them, and what is lost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from detector.data.losses import Loss
from detector.errors import UsageError
from detector.label_studio.choose import choose, several
from detector.label_studio.label_config import guessed_images
from detector.label_studio.policy import Policy
from detector.label_studio.structs import LABELS, SHAPES, Annotation, Region, Task


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
class Drawn:
    """Regions with what goes with them."""

    regions: list[Region] = field(default_factory=list)
    image_of: list[int] = field(default_factory=list)  # for each region
    annotations: list[Annotation] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)  # for each annotation: how many of the regions are its own


@dataclass
class Reading:
    """What was read so far: rows of images, losses, and what was drawn on the images."""

    how: How
    images: list[tuple[Any, ...]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    drawn: Drawn = field(default_factory=Drawn)


def read_task(task: Task, reading: Reading) -> None:
    """Append what one task holds. Raises UsageError where the policy `fail` meets several annotations."""
    how = reading.how
    if how.emails:
        _address(task.annotations, how.emails)
    if how.policy == "fail" and several(task):
        raise UsageError(
            f"task {task.id} has several annotations and pull.annotations is `fail`;"
            " choose latest, first, ground_truth, consensus or annotator"
        )
    chosen, reason, lost = choose(task, how.policy)
    if lost is not None:
        reading.losses.extend(Loss("dropped", "region", why, task.id, region.id) for why, region in lost)
    elif len(task.annotations) > 1 or chosen is None:
        _pass_over(task, chosen, reading.losses)
    shapes = _shapes(chosen, task.id, reading.losses) if chosen else []
    if chosen and chosen.result and not shapes:
        reason = "no_shapes"
    sources = _sources(task, how.fields)
    reason = reason if sources else "no_image"
    rows = _image_rows(task, sources, reason, shapes, reading)
    if reason or chosen is None:
        reading.losses.append(Loss("excluded", "task", reason, task.id))
        reading.losses.extend(Loss("dropped", "region", "excluded_image", task.id, region.id) for region in shapes)
    else:
        _place(shapes, rows, chosen, task.id, reading)


def _address(annotations: list[Annotation], emails: Mapping[int, str]) -> None:
    """Name annotators as an export does."""
    for annotation in annotations:
        who = annotation.completed_by
        if isinstance(who, int) and who in emails:
            annotation.completed_by = {"id": who, "email": emails[who]}


def _sources(task: Task, fields: Mapping[str, str] | None) -> dict[str, str]:
    """Image control → the reference that it shows; of a control that shows a list, `control[0]` and so on."""
    data = msgspec.json.decode(task.data)
    if not isinstance(data, dict):
        return {}
    shown = guessed_images(data) if fields is None else {name: data.get(key) for name, key in fields.items()}
    sources: dict[str, str] = {}
    for name, value in shown.items():
        if isinstance(value, list):
            sources |= {f"{name}[{at}]": each for at, each in enumerate(value) if each and isinstance(each, str)}
        elif value and isinstance(value, str):
            sources[name] = value
    return sources


def _image_rows(
    task: Task, sources: dict[str, str], reason: str, shapes: list[Region], reading: Reading
) -> dict[str, int]:
    """A row for each image of the task (one without image, if it has none); control → row."""
    rows = {}
    link = reading.how.link.format(task=task.id) if reading.how.link else None
    text = str(task.data, "utf-8")
    drawn_on = sources if len(sources) == 1 and shapes else {_image_of(region, sources) for region in shapes}
    for name, source in (sources or {"": ""}).items():
        status = "excluded" if reason else "annotated" if name in drawn_on else "background"
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


def _shapes(annotation: Annotation, task: int, found: list[Loss]) -> list[Region]:
    """The shapes, each with its labels; what is neither a shape nor labels is a loss."""
    drawn = annotation.result
    if {region.type for region in drawn} <= SHAPES.keys():
        return drawn
    other = [region for region in drawn if region.type not in SHAPES and region.type != LABELS]
    found.extend(Loss("dropped", "region", "not_a_shape", task, region.id, region.type) for region in other)
    shapes = [region for region in drawn if region.type in SHAPES]
    _label(shapes, {region.id: region.value.labels for region in drawn if region.type == LABELS})
    return shapes


def _label(shapes: list[Region], beside: dict[str, list[str] | None]) -> None:
    """<Labels> beside <Rectangle> comes as a second entry with the same id: give its labels to the shape."""
    for region in shapes:
        if beside and not region.labels():
            region.value.labels = beside.get(region.id)


def _place(shapes: list[Region], rows: dict[str, int], annotation: Annotation, task: int, into: Reading) -> None:
    """Give each shape its image: the one that its `to_name` picks, or the only one there is."""
    alone = len(rows) == 1 and (
        into.how.fields is None or {_image_of(region, rows) for region in shapes} == rows.keys()
    )
    if not alone:
        lost = [region for region in shapes if _image_of(region, rows) not in rows]
        into.losses.extend(Loss("dropped", "region", "other_control", task, each.id, each.to_name) for each in lost)
        shapes = [region for region in shapes if _image_of(region, rows) in rows]
    drawn = into.drawn
    drawn.regions += shapes
    drawn.image_of += (
        list(rows.values()) * len(shapes) if alone else [rows[_image_of(region, rows)] for region in shapes]
    )
    drawn.annotations.append(annotation)
    drawn.counts.append(len(shapes))


def _image_of(region: Region, names: Collection[str]) -> str:
    """The name, of those in `names`, of the image that a region is on: its control's, or one in its control's list."""
    return region.to_name if region.to_name in names else f"{region.to_name}[{region.item_index}]"
