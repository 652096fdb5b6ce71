"""A part of the pictures, looked at on one machine: what was seen, without the pixels, and pictures drawn."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from detector.inference.drawn import Drawn
from detector.inference.pictures import Source, Unread, frames
from detector.inference.seen import BATCH, Seen, seen
from detector.models.quiet import LOG
from detector.system.shards import Advance, refuse_absent


class Look(NamedTuple):
    """With which model, from which score on an object counts, what is written where, and whether pictures are drawn."""

    model: Path
    score: float
    folder: Path
    draws: bool


class Part(NamedTuple):
    """The names of the classes by id, what was seen frame by frame, and the seconds until the model was loaded.

    Whoever takes what was seen out of it takes its memory, too.
    """

    classes: list[str]
    seen: deque[Seen | Unread]
    loading: float


def batches(sources: Sequence[Source]) -> list[Sequence[Source]]:
    """The pictures as the model is given them: a network may round otherwise for a picture beside others."""
    return [sources[start : start + BATCH] for start in range(0, len(sources), BATCH)]


def look_at(those: Sequence[Sequence[Source]], advance: Advance, look: Look) -> Part:
    """Look at each picture and video of these batches, in their order.

    Raises:
        DetectorError: the model can't be loaded here.
    """
    from detector.inference.predictors import predictor as loaded

    began, sources = time.perf_counter(), [*chain.from_iterable(those)]
    refuse_absent(source.file for source in sources)
    predictor = loaded(look.model, look.score, look.folder / LOG)
    part = Part(predictor.classes, deque(), time.perf_counter() - began)
    with _drawing(look, predictor.classes) as draw:
        for each in seen(frames(sources), predictor):
            if isinstance(each, Seen) and draw:
                draw.add(each)
            part.seen.append(_without_pixels(each))
            advance(1)
    return part


@contextmanager
def _drawing(look: Look, classes: Sequence[str]) -> Iterator[Drawn | None]:
    draw = Drawn(look.folder, classes) if look.draws else None
    yield draw
    if draw:
        draw.end()


def _without_pixels(each: Seen | Unread) -> Seen | Unread:
    """Its size stays."""
    if isinstance(each, Unread):
        return each
    width, height = each.frame.size
    return each._replace(frame=each.frame._replace(pixels=np.empty((height, width, 0), np.uint8)))
