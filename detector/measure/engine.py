"""What an engine sees on a split, by its own runtime, and how that compares with the checkpoint that it is from."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from detector.data.dataset import Split
from detector.data.evaluation import SEEN, Evaluation
from detector.engines.detector import Detector
from detector.engines.prepare import read
from detector.measure.coco import coco_metrics
from detector.measure.evaluate import judge
from detector.measure.paired import pair
from detector.measure.shapes import kind_of
from detector.measure.split import part_of

LEAST = 0.001  # score from which a prediction is measured, as in Ultralytics' validation
MOST_AT_ONCE = 8  # pictures in memory
METRIC = "mAP50-95"
Image = tuple[int, str]  # its row in the images table, and its file


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


def accuracy(detector: Detector, split: Split, images: Sequence[Image]) -> float:
    """mAP50-95 on some of a split's images; 0 where no object is on them."""
    part = part_of(split, _seen(detector, split, images, lambda _: None))
    some = np.flatnonzero(np.isin(part.rows, [row for row, _ in images]))
    truth = part.compared.truth
    compared = replace(part.compared, truth=truth.take(np.flatnonzero(np.isin(truth.image, some))))
    return coco_metrics(compared, kind_of(split.dataset.conversion["task"])).get(METRIC, 0.0)


def seen_by(detector: Detector, split: Split, advance: Callable[[int], None]) -> pa.Table:
    """Every prediction that COCO's metrics ask for; schema SEEN, in the order of images."""
    return _seen(detector, split, split.files, advance)


def _seen(detector: Detector, split: Split, images: Sequence[Image], advance: Callable[[int], None]) -> pa.Table:
    parts, count = [SEEN.empty_table()], detector.network.batch or MOST_AT_ONCE
    for turn in (images[start : start + count] for start in range(0, len(images), count)):
        pictures = [read(split.dataset.image_path(file)) for _, file in turn]
        for (row, _), columns in zip(turn, detector(pictures, LEAST), strict=True):
            image = np.full(len(columns["class_id"]), row, np.int32)
            parts.append(pa.table({"image": image, **columns}, SEEN))
        advance(len(turn))
    return pa.concat_tables(parts)


def drop(checkpoint: Evaluation, engine: Evaluation) -> Drop | None:
    """By how much mAP50-95 is lower; None where there is nothing to measure."""
    difference = pair(checkpoint, engine).figures.get(METRIC)
    if difference is None:
        return None
    return Drop(difference.before - difference.after, -difference.high, -difference.low)
