"""What an engine sees on a split, by its own runtime, and how that compares with the checkpoint that it is from."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from detector.data.dataset import Split
from detector.data.evaluation import SEEN, Evaluation
from detector.engines.detector import Detector
from detector.engines.prepare import read
from detector.measure.evaluate import judge
from detector.measure.paired import pair

LEAST = 0.001  # score from which a prediction is measured, as in Ultralytics' validation
MOST_AT_ONCE = 8  # pictures in memory
METRIC = "mAP50-95"


class Drop(NamedTuple):
    """By how much the engine is worse than the checkpoint on the same images, and the interval of that."""

    value: float
    low: float
    high: float


def measured(
    detector: Detector, split: Split, weights: str, folder: Path, advance: Callable[[int], None]
) -> Evaluation:
    """Measure an engine on a split as a checkpoint is measured; leaves an Evaluation of `weights` in `folder`."""
    folder.mkdir(exist_ok=True)
    return judge(seen_by(detector, split, advance), split, weights, folder)


def seen_by(detector: Detector, split: Split, advance: Callable[[int], None]) -> pa.Table:
    """Every prediction that COCO's metrics ask for; schema SEEN, in the order of images."""
    parts = [SEEN.empty_table()]
    for images in _in_turns(split, detector.network.batch or MOST_AT_ONCE):
        pictures = [read(split.dataset.image_path(file)) for _, file in images]
        for (row, _), columns in zip(images, detector(pictures, LEAST), strict=True):
            image = np.full(len(columns["class_id"]), row, np.int32)
            parts.append(pa.table({"image": image, **columns}, SEEN))
        advance(len(images))
    return pa.concat_tables(parts)


def _in_turns(split: Split, count: int) -> Iterator[Sequence[tuple[int, str]]]:
    """Row and file of the split's images, `count` at a time."""
    images = split.files
    yield from (images[start : start + count] for start in range(0, len(images), count))


def drop(checkpoint: Evaluation, engine: Evaluation) -> Drop | None:
    """By how much mAP50-95 is lower; None where there is nothing to measure."""
    difference = pair(checkpoint, engine).figures.get(METRIC)
    if difference is None:
        return None
    return Drop(difference.before - difference.after, -difference.high, -difference.low)
