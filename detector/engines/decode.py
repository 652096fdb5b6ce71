"""From what a network gives to boxes, scores and masks."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from detector.data.geometry import Ints
from detector.engines.network import Floats
from detector.engines.runtimes import Head

OVERLAP = (
    0.7  # from which on the weaker of two boxes of a class goes; as in Ultralytics' validation, where figures are from
)
MOST = 300  # predictions on a picture
CANDIDATES = 30_000  # of the best scores, among which overlaps are looked for


class Detections(NamedTuple):
    """What is on a picture, the best score first.

    class_ids (N,); scores (N,) in 0 … 1; boxes (N, 4): left, top, right, bottom in pixels of the input; coefficients
    (N, k) and prototypes (k, h, w) of the masks, or None without masks.
    """

    class_ids: Ints
    scores: Floats
    boxes: Floats
    coefficients: Floats
    prototypes: Floats | None


def decode(outputs: Sequence[Floats], head: Head, classes: int, score: float) -> list[Detections]:
    """What the outputs of a batch say of each picture, from `score` on.

    raw: (B, 4 + classes + k, A), boxes as centre and size; else (B, N, 6 + k): corners, score, class.
    """
    of_one = _candidates if head == "raw" else _rows
    prototypes = outputs[1] if len(outputs) > 1 else [None] * len(outputs[0])
    found = (of_one(part, classes, score) for part in outputs[0])
    return [Detections(*each, protos) for each, protos in zip(found, prototypes, strict=True)]


def _rows(part: Floats, _classes: int, score: float) -> tuple[Ints, Floats, Floats, Floats]:
    kept = part[part[:, 4] > score]
    kept = kept[np.argsort(-kept[:, 4], kind="stable")]
    return kept[:, 5].astype(np.int64), kept[:, 4], kept[:, :4], kept[:, 6:]


def _candidates(part: Floats, classes: int, score: float) -> tuple[Ints, Floats, Floats, Floats]:
    """Each class of a candidate counts for itself, as in Ultralytics' validation."""
    scores = part[4 : 4 + classes]
    labels, at = np.nonzero((scores > score) & (part[2:4] > 0).all(axis=0))  # an untrained network gives sizes below 0
    best = np.argsort(-scores[labels, at], kind="stable")[:CANDIDATES]
    labels, at = labels[best], at[best]
    sizes = part[2:4, at].T
    corners = part[:2, at].T - sizes / 2
    kept = _apart(np.hstack([corners, sizes]), scores[labels, at], labels)
    labels, at = labels[kept], at[kept]
    boxes = np.hstack([corners[kept], corners[kept] + sizes[kept]]).astype(np.float32)
    return labels.astype(np.int64), scores[labels, at], boxes, part[4 + classes :, at].T


def _apart(boxes: Floats, scores: Floats, labels: Ints) -> Ints:
    """Which boxes (left, top, width, height) are left when of two that overlap the weaker goes; the best first."""
    if not len(boxes):
        return np.empty(0, np.int64)
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), scores.tolist(), labels.tolist(), 0.0, OVERLAP)
    return np.asarray(kept, np.int64).reshape(-1)[:MOST]
