"""What a model sees on the images of tasks, also below its operating point: as regions, and as numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from detector.annotators.order import Embeddings, Scored
from detector.annotators.project import Opened, Shot
from detector.annotators.results import Classes, Picture, Regions, results
from detector.inference.pictures import Source, Unread, frames
from detector.inference.predictors import Sees
from detector.inference.seen import Object, seen
from detector.models.describe import Describer
from detector.system.progress import Progress

LEAST = 0.05  # of a score: what is seen with less is hardly ever there


class Looked(NamedTuple):
    """A task, all that is seen on it, the regions of what counts, and of what could not be sent, the class ids."""

    task: int
    scored: Scored
    regions: Regions
    sent: list[int]
    unsent: list[int]


class Sight(NamedTuple):
    """A model, the score from which on what it sees is sent, and the classes of the pipeline."""

    model: Sees
    sent_from: float
    classes: Classes


def look(of: Opened, shots: Mapping[int, Sequence[Shot]], sight: Sight) -> Iterator[Looked]:
    """What the model sees on each task, in their order."""
    every = [shot for several in shots.values() for shot in several]
    sources = [Source(shot.file, str(number)) for number, shot in enumerate(every)]
    with of.progress("predict", len(every)) as advance:
        views = seen(frames(sources), sight.model)
        for task, several in shots.items():
            objects = [
                [] if isinstance(each, Unread) else each.objects for _, each in zip(several, views, strict=False)
            ]
            yield _looked(of, task, list(zip(several, objects, strict=True)), sight)
            advance(len(several))


def _looked(of: Opened, task: int, views: Sequence[tuple[Shot, list[Object]]], sight: Sight) -> Looked:
    regions: Regions = []
    sent: list[int] = []
    unsent: list[int] = []
    for shot, objects in views:
        counted = [each for each in objects if each.score >= sight.sent_from]
        picture = Picture(shot.control, shot.width, shot.height)
        made = results(counted, picture, of.controls, sight.model.classes, sight.classes)
        regions += made.regions
        unsent += [each.class_id for each in made.unsent]
        sent += [each.class_id for each in counted if each not in made.unsent]
    every = [each for _, objects in views for each in objects]
    scores = np.array([each.score for each in every], np.float64)
    class_ids = np.array([each.class_id for each in every], np.int64)
    return Looked(task, Scored(class_ids, scores, [shot.sha256 for shot, _ in views]), regions, sent, unsent)


def described(shots: Mapping[int, Sequence[Shot]], describer: Describer, progress: Progress) -> Embeddings:
    """Of each task the mean over its images, (N, D)."""
    every = [shot for several in shots.values() for shot in several]
    rows: list[Embeddings] = []
    with progress("describe", len(every)) as advance:
        views = frames([Source(shot.file, str(number)) for number, shot in enumerate(every)])
        for several in shots.values():
            pixels = [view.pixels for _, view in zip(several, views, strict=False) if not isinstance(view, Unread)]
            rows.append(np.mean(list(describer(pixels)), axis=0))
            advance(len(several))
    return np.stack(rows)
