"""What an evaluation says to a person: how good, how sure, and what would make it surer."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from detector.data.evaluation import Evaluation, Measured
from detector.system import fonts
from detector.terms import counted

FEW = 10  # objects of a class: with fewer, one more or less that is found changes its figures by a tenth
WIDE = 0.2  # of an interval: no change that a training is likely to make is beyond it


def summary(measured: Measured, images: int) -> str:
    """The line of the step."""
    metrics, tested = measured.metrics, counted(images, f"{measured.split} image")
    if "mAP50-95" not in metrics:
        return f"{tested} without an object: nothing to measure"
    low, high = measured.intervals["mAP50-95"]
    overall = f"{tested}: mAP50-95 {metrics['mAP50-95']:.3f} [{low:.3f}, {high:.3f}], mAP50 {metrics['mAP50']:.3f}"
    if not metrics["recall"]:
        return f"{overall}; nothing is found"
    right = f"precision {metrics['precision']:.3f}, recall {metrics['recall']:.3f}"
    return f"{overall}; {right} from a score of {metrics['score']:.2f}"


def notes(evaluation: Evaluation, worst: Sequence[Path]) -> Iterator[str]:
    """What else there is to say, the mistakes first."""
    measured, images = evaluation.measured, evaluation.images
    point = measured.operating_point
    missed, false = (sum(images[name].to_pylist()) for name in ("missed", "false"))
    mistakes = f"{counted(missed, 'object')} missed and {false:,} false, from a score of {measured.score:.2f}"
    yield f"{mistakes}; the worst images: {worst[0].parent}" if worst else mistakes
    if worst and (boxes := fonts.missing(measured.classes, "on the pictures of the worst images")):
        yield f"{boxes}, and run `detector run --force evaluate`"
    if point["asked"] is not None and (point["precision"] or 0) < point["asked"]:
        yield f"no score has a precision of {point['asked']:g}; the operating point is the one of the best F1"
    yield from _unsure(evaluation)


def _unsure(evaluation: Evaluation) -> Iterator[str]:
    """What can't be measured well on this split, and what to do."""
    measured, split = evaluation.measured, evaluation.measured.split
    counts = np.bincount(evaluation.objects["class_id"].to_numpy(), minlength=len(measured.classes)).tolist()
    few = [f"{name} ({count})" for name, count in zip(measured.classes, counts, strict=True) if count < FEW]
    if few:
        yield (
            f"too few objects in {split} to measure a class by: {', '.join(few)}; {FEW} and more tell something: "
            f"label some more, or give {split} a larger share in convert.split"
        )
    low, high = measured.intervals.get("mAP50-95", (0.0, 0.0))
    if high - low > WIDE:
        yield (
            f"mAP50-95 is known to within {high - low:.2f} only: a model has to be better by much to be told from "
            f"chance; more images in {split} narrow it"
        )
