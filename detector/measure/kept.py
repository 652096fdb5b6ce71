"""An Evaluation that was kept, as arrays again, for the images that another one has, too."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.data.evaluation import Evaluation
from detector.data.geometry import Bools, Floats, Ints
from detector.measure.matches import THRESHOLDS
from detector.measure.precision import OneClass, by_class
from detector.measure.split import positions


@dataclass(frozen=True)
class Kept:
    """What was matched on some images, in an order of theirs.

    classes: each with its predictions; said (images,): how many predictions there are from the operating point on;
    right (images,): how many of those find an object; objects (images,): how many there are to find.
    """

    classes: dict[str, OneClass]
    said: Ints
    right: Ints
    objects: Ints


def keys(evaluation: Evaluation) -> list[str]:
    """What each of its images is, the same in every version: its pixels, and what is drawn on it."""
    images, objects, classes = evaluation.images, evaluation.objects, evaluation.measured.classes
    drawn: dict[int, list[str]] = {row: [] for row in images["image"].to_pylist()}
    columns = (objects[name].to_pylist() for name in ("image", "class_id", "polygon", "x", "y", "width", "height"))
    for image, label, polygon, *box in zip(*columns, strict=True):
        drawn[image].append(f"{classes[label]} {' '.join(f'{number:.6f}' for number in polygon or box)}")
    contents = zip(images["sha256"].to_pylist(), drawn.values(), strict=True)
    return [f"{pixels} {' '.join(sorted(shapes))}" for pixels, shapes in contents]


def kept(evaluation: Evaluation, images: Sequence[int]) -> Kept:
    """The evaluation on these of its images (positions in `evaluation.images`), in that order."""
    rows = evaluation.images["image"].to_numpy()[list(images)]
    seen, objects = evaluation.predictions, evaluation.objects
    image, inside = positions(seen["image"].to_numpy(), rows)
    bits, scores = seen["found"].to_numpy()[inside], seen["score"].to_numpy()[inside]
    label, counts = seen["class_id"].to_numpy()[inside].astype(np.int64), bits >= 0
    found: Bools = (bits[:, None] >> np.arange(len(THRESHOLDS)) & 1).astype(bool) & counts[:, None]
    object_image, known = positions(objects["image"].to_numpy(), rows)
    known_label = objects["class_id"].to_numpy()[known]
    names, size = evaluation.measured.classes, len(rows)
    by_label = [np.bincount(object_image[known_label == at], minlength=size) for at in range(len(names))]
    parts = by_class(image[counts], label[counts], scores[counts], found[counts], by_label)
    said = counts & (scores >= evaluation.measured.score)
    return Kept(
        dict(zip(names, parts, strict=True)),
        np.bincount(image[said], minlength=size),
        np.bincount(image[said & found[:, 0]], minlength=size),
        np.bincount(object_image, minlength=size),
    )


def drawn_here(of: Kept, weights: Ints) -> dict[str, Floats]:
    """Precision, recall and F1 at its operating point in every resample, shape (R,)."""
    said, right, objects = (weights @ each for each in (of.said, of.right, of.objects))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "precision": np.where(said > 0, right / said, 0.0),
            "recall": np.where(objects > 0, right / objects, np.nan),
            "F1": np.where(said + objects > 0, 2 * right / (said + objects), np.nan),
        }
