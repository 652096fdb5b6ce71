"""One task of Label Studio's → the rows of its images, the shapes on them, and what is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from detector.data.losses import Loss
from detector.errors import UsageError
from detector.label_studio.agreement import Row, compare
from detector.label_studio.choose import choose, several
from detector.label_studio.entries import joined
from detector.label_studio.label_config import Canvas
from detector.label_studio.on_images import image_of, images_of, states
from detector.label_studio.policy import Policy
from detector.label_studio.structs import SHAPES, Annotation, Region, Task, Unreadable

_STATUSES = ("annotated", "background", "excluded")
_DOUBTFUL = ("no_consensus", "unreadable")  # something is there, or may be, and can't be taken


class How(NamedTuple):
    """How to read tasks.

    `link` is a URL with `{task}` where the task's id goes. `canvases` are the Image controls, None guesses them.
    `emails` has the addresses of annotators that tasks name by a number.
    """

    policy: Policy
    link: str | None = None
    canvases: tuple[Canvas, ...] | None = None
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
    """What was read so far: rows of images, losses, what was drawn on the images, and where people agree on that."""

    how: How
    images: list[tuple[Any, ...]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    drawn: Drawn = field(default_factory=Drawn)
    agreement: list[Row] = field(default_factory=list)


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
    plain = _join(task.annotations)
    if len(task.annotations) > 1:
        reading.agreement.extend(compare(task))
    chosen, reason, lost = choose(task, how.policy)
    if lost is not None:
        reading.losses.extend(Loss("dropped", "region", why, task.id, region.id) for why, region in lost)
    elif len(task.annotations) > 1 or chosen is None:
        _pass_over(task, chosen, reading.losses)
    drawn = chosen.result if chosen else []
    shapes, others = (drawn, []) if plain else _shapes(drawn, task.id, reading.losses)
    doubtful: list[Region] = [region for region in others if isinstance(region, Unreadable)]
    doubtful += [region for why, region in lost or () if why in _DOUBTFUL]
    if others and not shapes and not doubtful:
        reason = "no_shapes"
    sources, closed = images_of(task.data, how.canvases)
    reason = reason if sources else "no_image"
    known = states(sources, shapes, others, doubtful, closed) if not reason else {}
    rows = _image_rows(task, sources, known, reading)
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


def _join(annotations: list[Annotation]) -> bool:
    """Make the entries of one region one. Whether nothing but single shapes was there."""
    plain = True
    for annotation in annotations:
        regions = joined(annotation.result)
        plain = plain and regions is annotation.result
        annotation.result = regions
    return plain


def _image_rows(task: Task, sources: Mapping[str, str], known: Mapping[str, str], reading: Reading) -> dict[str, int]:
    """A row for each image of the task (one without image, if it has none); control → row."""
    rows = {}
    link = reading.how.link.format(task=task.id) if reading.how.link else None
    text = str(task.data, "utf-8")
    for name, source in (sources or {"": ""}).items():
        status = known.get(name, "excluded")
        if status not in _STATUSES:
            reading.losses.append(Loss("excluded", "image", status, task.id, None, name))
            status = "excluded"
        rows[name] = len(reading.images)
        reading.images.append((task.id, name, status, source, link, text))
    return rows


def _pass_over(task: Task, chosen: Annotation | None, losses: list[Loss]) -> None:
    """The regions of the annotations that do not count."""
    for annotation in task.annotations:
        if annotation is not chosen:
            reason = "cancelled_annotation" if annotation.was_cancelled else "other_annotation"
            losses.extend(Loss("dropped", "region", reason, task.id, region.id) for region in annotation.result)


def _shapes(drawn: list[Region], task: int, losses: list[Loss]) -> tuple[list[Region], list[Region]]:
    """The shapes, and the entries that are none, which are losses."""
    others = [region for region in drawn if region.type not in SHAPES]
    for region in others:
        reason, detail = ("unreadable", region.why) if isinstance(region, Unreadable) else ("not_a_shape", region.type)
        losses.append(Loss("dropped", "region", reason, task, region.id, detail))
    return [region for region in drawn if region.type in SHAPES], others


def _place(shapes: list[Region], rows: dict[str, int], annotation: Annotation, task: int, into: Reading) -> None:
    """Give each shape its image: the one that its `to_name` picks, or the only one there is."""
    alone = len(rows) == 1 and (
        into.how.canvases is None or {image_of(region, rows) for region in shapes} == rows.keys()
    )
    if not alone:
        lost = [region for region in shapes if image_of(region, rows) not in rows]
        into.losses.extend(Loss("dropped", "region", "other_control", task, each.id, each.to_name) for each in lost)
        shapes = [region for region in shapes if image_of(region, rows) in rows]
    drawn = into.drawn
    drawn.regions += shapes
    drawn.image_of += (
        list(rows.values()) * len(shapes) if alone else [rows[image_of(region, rows)] for region in shapes]
    )
    drawn.annotations.append(annotation)
    drawn.counts.append(len(shapes))
