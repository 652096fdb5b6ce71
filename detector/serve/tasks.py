"""Tasks of Label Studio, and what a model sees on their pictures, as Label Studio's results.

The pictures are downloaded as `pull` does it: with the token of the pipeline, which a request can't change, and only
from hosts that are allowed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
from fastapi.concurrency import run_in_threadpool

from detector.annotators.results import Picture, results
from detector.data import images
from detector.data.colour import Pixels
from detector.errors import DetectorError, sentence
from detector.inference.seen import Object
from detector.label_studio.client import Connection
from detector.label_studio.controls import Control, controls, labels_instead
from detector.label_studio.download import Unusable, fetch
from detector.label_studio.label_config import Canvas, canvases
from detector.label_studio.on_images import images_of
from detector.serve.models import Loaded
from detector.web.body import Refused

AT_ONCE = 8  # tasks of a request that are in memory
Looks = Callable[[Pixels], Awaitable[tuple[Loaded, list[Object]]]]
Prediction = dict[str, Any]  # `result`, `score` (the mean of its objects' scores, or None) and `model_version`


class Task(msgspec.Struct):
    """A task as far as it is looked at."""

    id: int
    data: msgspec.Raw


class Asked(msgspec.Struct):
    """Tasks, and the labelling configuration of their project."""

    tasks: list[Task]
    label_config: str


class Shown(NamedTuple):
    """A picture, and the control that shows it."""

    control: str
    pixels: Pixels


@dataclass(frozen=True)
class Source:
    """Where pictures come from, and how results are written: the pipeline's name, and the labels of its classes."""

    connection: Connection
    name: str
    classes: Mapping[str, Sequence[str]]
    version: Callable[[Loaded], str]


def read(body: bytes) -> Asked:
    """What Label Studio asks for. Raises Refused (400) for something else."""
    try:
        return msgspec.json.decode(body, type=Asked)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Refused(400, f"that is no request of Label Studio's: {error}") from error


async def predictions(source: Source, asked: Asked, looks: Looks) -> list[Prediction | list[Prediction]]:
    """One for each task, in their order; an empty list for one whose pictures can't be had.

    Raises Refused: 400 where the configuration can't be understood, 424 where not one task's pictures can be had.
    """
    drawn_with, shown = _understood(asked.label_config)
    told: list[Prediction | list[Prediction]] = []
    problems: list[str] = []

    async def one(task: Task) -> Prediction | list[Prediction]:
        views = await run_in_threadpool(_pictures, source.connection, task, shown)
        if isinstance(views, str):
            problems.append(views)
            return []
        return _prediction(source, drawn_with, [(view, *await looks(view.pixels)) for view in views])

    for part in _parts(asked.tasks):
        told += await asyncio.gather(*map(one, part))
    if problems and len(problems) == len(asked.tasks):
        raise Refused(424, problems[0])
    return told


def refuse_other_labels(source: Source, config: str, names: Sequence[str]) -> None:
    """Raise Refused (400) where no shape control of the configuration has a label of a class of the model."""
    drawn_with, _ = _understood(config)
    instead = labels_instead(drawn_with, (label for name in names for label in source.classes.get(name, (name,))))
    if instead is not None:
        raise Refused(
            400,
            f"the labelling configuration has no label of a class of the model ({', '.join(names)}); its shape"
            f" controls have {instead}",
        )


def _understood(config: str) -> tuple[tuple[Control, ...], tuple[Canvas, ...]]:
    try:
        return controls(config), canvases(config)
    except DetectorError as error:
        raise Refused(400, sentence(error)) from error


def _pictures(connection: Connection, task: Task, shown: tuple[Canvas, ...]) -> list[Shown] | str:
    """The pictures of a task that are drawn on; or why one can't be had."""
    sources, closed = images_of(task.data, shown)
    wanted = {name: source for name, source in sources.items() if name not in closed}
    views = []
    with TemporaryDirectory() as scratch:
        for name, source in wanted.items():
            picture = _picture(connection, task.id, source, Path(scratch) / "picture")
            if isinstance(picture, str):
                return f"task {task.id}: {name}: {picture}"
            views.append(Shown(name, picture))
    return views or f"task {task.id} shows no picture that is drawn on"


def _picture(connection: Connection, task: int, source: str, target: Path) -> Pixels | str:
    try:
        why = fetch(connection, source, task, target)
    except Unusable as error:
        return str(error)
    except DetectorError as error:  # the server can't be reached, or refuses the token
        return sentence(error)
    if why is not None:
        return why
    pixels = images.read(target)
    return pixels if not isinstance(pixels, images.Pixels) else (pixels.detail or "").partition(": ")[2]


def _prediction(
    source: Source, drawn_with: Sequence[Control], views: Sequence[tuple[Shown, Loaded, list[Object]]]
) -> Prediction:
    regions: list[dict[str, Any]] = []
    scores: list[float] = []
    for shown, loaded, objects in views:
        height, width = shown.pixels.shape[:2]
        picture = Picture(shown.control, width, height)
        regions += results(objects, picture, drawn_with, loaded.predictor.classes, source.classes).regions
        scores += [each.score for each in objects]
    score = round(sum(scores) / len(scores), 4) if scores else None
    return {"result": regions, "score": score, "model_version": source.version(views[-1][1])}


def _parts(tasks: Sequence[Task]) -> Iterator[Sequence[Task]]:
    return (tasks[start : start + AT_ONCE] for start in range(0, len(tasks), AT_ONCE))
