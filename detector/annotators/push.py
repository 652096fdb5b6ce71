"""The model's predictions on the tasks that nobody annotated, those that matter most first."""

import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from detector.annotators import Order
from detector.annotators.calibration import Chance, calibrated, uncalibrated
from detector.annotators.chosen import Chosen, Wanted, doubts_prefix_of, labels_by_class, prefix_of
from detector.annotators.look import LEAST, Looked, Sight, described, look
from detector.annotators.order import Ranking, rank
from detector.annotators.predictions import NOTHING, Draft, Predictions, batches
from detector.annotators.project import Opened, Shot, Task
from detector.annotators.skips import Skip
from detector.annotators.standing import Standing
from detector.config.pipeline import Config
from detector.data.images import Pixels
from detector.errors import UsageError
from detector.inference.predictors import WEIGHTS, predictor
from detector.label_studio.changes import since
from detector.label_studio.projects import digest
from detector.label_studio.structs import LABELS
from detector.models.describe import Describer


class Request(NamedTuple):
    """Which model, how many tasks at most (None: all), and in which order."""

    wanted: Wanted = Wanted()
    limit: int | None = None
    order: Order = "uncertain"


class Setting(NamedTuple):
    """What is pushed where: the project, the pipeline, what was asked for, the model, and how likely it is right."""

    of: Opened
    config: Config
    request: Request
    chosen: Chosen
    chance: Chance | None


class _Result(msgspec.Struct):
    result: Any = None


@dataclass
class Pushed:
    """What was sent: tasks in their order with their scores, and all that was left alone, and why."""

    version: str
    sent: list[Draft] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    replaced: int = 0
    objects: Counter[int] = field(default_factory=Counter)
    unsent: Counter[int] = field(default_factory=Counter)
    showing: dict[str, Any] = field(default_factory=lambda: {**NOTHING})


def push(of: Opened, config: Config, request: Request) -> dict[str, Any]:
    """Send predictions to the unlabelled tasks that have none of this model; gives what `--json` says.

    Raises:
        UsageError: There is no such model, or the order needs what it has not.
    """
    began, chosen = time.perf_counter(), Chosen(request.wanted, config.name)
    if request.order == "diverse" and chosen.model.file.suffix != WEIGHTS:
        raise UsageError("--order diverse goes by the checkpoint's features: leave --using out, or take another order")
    prefix = prefix_of(config.name)
    settings = [request.order, digest(of.project.config), {name: [*each] for name, each in config.classes.items()}]
    pushed = Pushed(chosen.version(prefix, *settings))
    there = Predictions(of.connection, of.project, prefix, (doubts_prefix_of(config.name),))
    shots = _shots(of, _open(of, there, pushed), pushed)
    by = Setting(of, config, request, chosen, calibrated(chosen.evaluation))
    classes, ranked = _ranked(by, shots) if shots else ([*config.classes], [])
    pushed.skips += [Skip(looked.task, "beyond") for looked, _ in ranked[request.limit :]] if request.limit else []
    _send(there, ranked[: request.limit], pushed, of)
    return {
        "schema": 1,
        "status": "done" if pushed.sent or pushed.replaced else "unchanged",
        "project": of.described,
        "model": chosen.model.described(chosen.score, classes),
        "model_version": pushed.version,
        "order": {"by": request.order, "calibrated": by.chance is not None},
        **_told(pushed, classes),
        "seconds": round(time.perf_counter() - began, 3),
    }


def _ranked(by: Setting, shots: Mapping[int, Sequence[Shot]]) -> tuple[list[str], list[tuple[Looked, float]]]:
    """The model's classes, and what it sees on each task, with its score, what matters most first."""
    file, score, classes = by.chosen.model.file, by.chosen.score, by.config.classes
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        model = predictor(file, min(LEAST, score), log)
        looked = list(look(by.of, shots, Sight(model, score, classes)))
        ranking = Ranking(
            by.request.order,
            score,
            by.chance or uncalibrated,
            lambda: labels_by_class(model.classes, classes, _labels(by.of)),
            lambda: described(shots, Describer(file, log), by.of.progress),
            by.request.limit,
        )
        scores = rank([each.scored for each in looked], ranking)
    return model.classes, [(looked[at], float(scores[at])) for at in np.argsort(scores, kind="stable").tolist()]


def _open(of: Opened, there: Predictions, pushed: Pushed) -> list[Task]:
    """The tasks without an annotation and without this prediction."""
    current = there.having(pushed.version)
    wanted = []
    for task in of.tasks():
        if task.annotations:
            pushed.skips.append(Skip(task.id, "annotated"))
        elif task.id in current:
            pushed.skips.append(Skip(task.id, "current"))
        else:
            wanted.append(task)
    return wanted


def _shots(of: Opened, tasks: Sequence[Task], pushed: Pushed) -> dict[int, list[Shot]]:
    """The images of each task that has all of them."""
    shots: dict[int, list[Shot]] = {}
    for task, images in of.shots(tasks) if tasks else ():
        if isinstance(images, Pixels):
            pushed.skips.append(Skip(task.id, "image", images.detail))
        elif not images:
            pushed.skips.append(Skip(task.id, "no_image"))
        else:
            shots[task.id] = images
    return shots


def _labels(of: Opened) -> Counter[str]:
    """How many regions of the project have each label, whatever else stands in its annotations."""
    results = (msgspec.json.decode(each, type=_Result).result for task in of.tasks() for each in task.annotations)
    regions = (each for result in results if isinstance(result, list) for each in result if isinstance(each, dict))
    values = (region.get("value") for region in regions)
    named = (value.items() for value in values if isinstance(value, dict))
    lists = (labels for items in named for name, labels in items if name.endswith(LABELS) and isinstance(labels, list))
    return Counter(label for labels in lists for label in labels if isinstance(label, str))


def _send(there: Predictions, wanted: Sequence[tuple[Looked, float]], pushed: Pushed, of: Opened) -> None:
    """Send them in batches, and take older ones away behind each."""
    by_task = {each.task: each for each, _ in wanted}
    drafts = [Draft(each.task, each.regions, score) for each, score in wanted]
    with of.progress("push", len(drafts)) as advance:
        for batch in batches(drafts):
            sent = there.send(batch, pushed.version, _refusal, since(of.kept))
            pushed.skips += [Skip(task, why) for task, why in sent.skipped.items()]
            for draft in batch:
                if draft.task not in sent.skipped:
                    pushed.sent.append(draft)
                    pushed.objects.update(by_task[draft.task].sent)
                    pushed.unsent.update(by_task[draft.task].unsent)
            advance(len(batch))
    current = {skip.task for skip in pushed.skips if skip.reason == "current"}  # a push before this one was cut short
    done = current.union(draft.task for draft in pushed.sent)
    pushed.showing = there.show(pushed.version) if done else pushed.showing
    pushed.replaced = there.away(done, pushed.version, of.progress)


def _refusal(standing: Standing) -> str | None:
    return "meanwhile" if standing.annotations or standing.cancelled else None


def _told(pushed: Pushed, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "pushed": [{"task": each.task, "score": each.score, "regions": len(each.result)} for each in pushed.sent],
        "objects": {name: pushed.objects[at] for at, name in enumerate(classes)},
        "unsent": {name: pushed.unsent[at] for at, name in enumerate(classes) if pushed.unsent[at]},
        "replaced": pushed.replaced,
        **pushed.showing,
        "skipped": dict(Counter(skip.reason for skip in pushed.skips)),
        "skips": [skip._asdict() for skip in sorted(pushed.skips)],
    }
