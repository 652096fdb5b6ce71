"""The model's view on the tasks with likely label mistakes, so that annotators open the worst first."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from detector.annotators.chosen import doubts_prefix_of, prefix_of
from detector.annotators.predictions import NOTHING, Draft, Predictions, batches
from detector.annotators.project import Opened
from detector.annotators.results import Classes, Picture, Regions, results
from detector.annotators.review import Mistake
from detector.annotators.standing import Standing
from detector.annotators.viewed import Reviewed
from detector.inference.seen import Object
from detector.label_studio.on_images import images_of
from detector.measure.outlines import outlines
from detector.measure.split import Part


def push(
    of: Opened, run: Reviewed, parts: Mapping[str, Part], mistakes: Sequence[Mistake], classes: Classes
) -> dict[str, Any]:
    """Put the model's view on these tasks; gives its version, the tasks that have it now, and what the project shows.

    Its score is 1 - the likeliest mistake on the task. Views on tasks that are no longer in doubt are taken away.
    """
    prefix = doubts_prefix_of(run.name)
    settings = [run.dataset.version, run.fingerprint, run.evaluation.measured.score, of.project.config]
    version = f"{prefix}{run.run.name}-{hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]}"
    there = Predictions(of.connection, of.project, prefix, (prefix_of(run.name),))
    known, current = set(there.having(prefix)), there.having(version)
    drafts = list(_drafts(of, run, parts, mistakes, classes))
    done = [draft.task for draft in drafts if draft.task in current]
    waiting = [draft for draft in drafts if draft.task not in current]
    with of.progress("push", len(waiting)) as advance:
        for batch in batches(waiting):
            done += there.send(batch, version, _refusal).tasks
            advance(len(batch))
    showing = there.show(version) if done else NOTHING
    there.away(known - set(done), "", of.progress)
    there.away(set(done), version, of.progress)
    return {"model_version": version, "tasks": sorted(done), **showing}


def _refusal(standing: Standing) -> str | None:
    return None if standing.annotations else "unlabelled"


def _drafts(
    of: Opened, run: Reviewed, parts: Mapping[str, Part], mistakes: Sequence[Mistake], classes: Classes
) -> Iterator[Draft]:
    """One for each task, the worst first."""
    by_task: dict[int, list[Mistake]] = {}
    for each in mistakes:
        by_task.setdefault(each.task, []).append(each)
    data = {task.id: task.data for task in of.tasks() if task.id in by_task}
    images = {name: _by_task(part) for name, part in parts.items()}
    for task, own in by_task.items():
        if task in data:
            shown = {source: control for control, source in images_of(data[task], of.canvases)[0].items()}
            split = own[0].split
            yield Draft(task, _view(of, run, parts[split], images[split][task], shown, classes), _score(own))


def _by_task(part: Part) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """The rows of its images by task, each with its position."""
    rows: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for position, image in enumerate(part.images.to_pylist()):
        rows.setdefault(image["task_id"], []).append((position, image))
    return rows


def _score(own: Sequence[Mistake]) -> float:
    return round(1 - max(each.likely for each in own), 6)


def _view(  # noqa: PLR0913, PLR0917 - a task, what is seen on it, and how it is written
    of: Opened, run: Reviewed, part: Part, images: Sequence[tuple[int, dict[str, Any]]], shown: Mapping[str, str],
    classes: Classes,
) -> Regions:  # fmt: skip
    """What the model sees on all images of a task, from its operating point on."""
    regions: Regions = []
    for position, image in images:
        if image["source"] in shown:
            picture = Picture(shown[image["source"]], image["width"], image["height"])
            seen = part.seen.filter(pc.equal(part.seen["image"], position))
            objects = _objects(seen, picture, run.evaluation.measured.score)
            regions += results(objects, picture, of.controls, run.dataset.classes, classes).regions
    return regions


def _objects(seen: pa.Table, picture: Picture, score: float) -> list[Object]:
    rows = seen.filter(pc.greater_equal(seen["score"], score)).to_pylist()
    polygons = outlines((row["mask"], (picture.width, picture.height)) for row in rows)
    return [
        Object(row["class_id"], row["score"], (row["x"], row["y"], row["width"], row["height"]), polygon)
        for row, polygon in zip(rows, polygons, strict=True)
    ]
