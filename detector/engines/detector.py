"""Pictures in, rows of predictions out: one way for every runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detector.data.colour import Pixels
from detector.engines.decode import Detections, decode
from detector.engines.network import Floats, Network
from detector.engines.prepare import Size, prepared
from detector.engines.runtimes import Head
from detector.models.masks import Window
from detector.models.rows import rows

Rows = dict[str, Any]  # the columns of SEEN but `image`: see detector.data.evaluation


@dataclass(frozen=True)
class Detector:
    """A network, and how it is used. `size`: height and width of its input; `classes`: how many there are."""

    network: Network
    head: Head
    classes: int
    size: Size

    def __call__(self, pictures: Sequence[Pixels], score: float) -> list[Rows]:
        """What is on each picture, from `score` on: the best first."""
        batch, windows = self.prepare(pictures)
        return self.read(self.run(batch), windows, score)

    def prepare(self, pictures: Sequence[Pixels]) -> tuple[Floats, list[Window]]:
        """The pictures as the network takes them, and where each is in that."""
        return prepared(pictures, self.size)

    def run(self, batch: Floats) -> list[Floats]:
        """The outputs of the network for any number of pictures, in as many turns as it needs."""
        at_once = self.network.batch or len(batch)
        turns = [batch[start : start + at_once] for start in range(0, len(batch), at_once)]
        lacking = at_once - len(turns[-1])
        turns[-1] = np.concatenate([turns[-1], turns[-1][-1:].repeat(lacking, axis=0)]) if lacking else turns[-1]
        given = [self.network.run(np.ascontiguousarray(turn)) for turn in turns]
        return [_joined(parts)[: len(batch)] for parts in zip(*given, strict=True)]

    def read(self, outputs: Sequence[Floats], windows: Sequence[Window], score: float) -> list[Rows]:
        """What the outputs say of each picture."""
        seen = decode(outputs, self.head, self.classes, score)
        return [_rows(each, window) for each, window in zip(seen, windows, strict=True)]


def _joined(parts: Sequence[Floats]) -> Floats:
    """The outputs of several turns as of one; those with a row for each object are filled up with zeros."""
    if len({part.shape[1:] for part in parts}) == 1:
        return np.concatenate(parts)
    longest = max(part.shape[1] for part in parts)
    lacking = [[(0, 0), (0, longest - part.shape[1]), *[(0, 0)] * (part.ndim - 2)] for part in parts]
    return np.concatenate([np.pad(part, each) for part, each in zip(parts, lacking, strict=True)])


def _rows(seen: Detections, window: Window) -> Rows:
    masks = None if seen.prototypes is None else (seen.prototypes, seen.coefficients)
    return rows(seen.class_ids, seen.scores, seen.boxes.astype(np.float64), window, masks)
