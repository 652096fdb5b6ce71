"""Random objects and predictions near them, as a detector that is right now and then would make."""

import numpy as np

from detector.measure.shapes import Shapes


def random_shapes(seed, images=12, classes=3, size=200, objects=6, noise=12, false=4):
    """(truth, seen): boxes of whole and half pixels, in the order of their images; scores never tie."""
    random = np.random.default_rng(seed)
    count = random.integers(0, objects, images)
    image = np.repeat(np.arange(images), count)
    boxes = _boxes(random, len(image), size)
    label = random.integers(0, classes, len(image))
    kept = random.random(len(image)) < 0.8
    near = boxes[kept] + np.round(random.normal(0, noise, (kept.sum(), 4)) * 2) / 2
    near[:, 2:] = np.maximum(near[:, 2:], 2)
    mixed = np.where(random.random(kept.sum()) < 0.15, random.integers(0, classes, kept.sum()), label[kept])
    twice = random.random(kept.sum()) < 0.2
    extra = random.integers(0, images, false * images // 2)
    at = np.concatenate([image[kept], image[kept][twice], extra])
    seen_boxes = np.concatenate([near, near[twice] + 1, _boxes(random, len(extra), size)])
    seen_label = np.concatenate([mixed, mixed[twice], random.integers(0, classes, len(extra))])
    order = np.argsort(at, kind="stable")
    score = random.permutation(len(at)) / len(at) * 0.9 + 0.05
    truth = Shapes(image, label, boxes, boxes[:, 2:].prod(axis=1), np.ones(len(image)))
    seen = Shapes(at[order], seen_label[order], seen_boxes[order], seen_boxes[order, 2:].prod(axis=1), score)
    return truth, seen


def _boxes(random, count, size):
    corner = np.round(random.random((count, 2)) * size * 2) / 2
    sides = np.round(random.random((count, 2)) * 80 * 2) / 2 + 4
    return np.hstack([corner, sides])
