"""Predictions on a picture as rows of a table."""

from typing import Any

import numpy as np
import pyarrow as pa

from detector.data.geometry import Floats
from detector.models.masks import Window, encoded
from detector.models.turns import Single

Masks = tuple[Single, Single]  # prototypes and coefficients


def rows(class_ids: Any, scores: Any, boxes: Floats, window: Window, masks: Masks | None) -> dict[str, Any]:
    """The columns of SEEN but `image`: boxes clipped to the picture, and normalised by its size.

    boxes (N, 4): left, top, right, bottom in what the network is given.
    """
    height, width = window.picture
    corners = (boxes - np.tile(window.corner, 2)) / np.tile(window.gain, 2)
    corners = np.clip(corners / (width, height, width, height), 0, 1)
    low, high = corners[:, :2], corners[:, 2:]
    codes = [None] * len(boxes) if masks is None else encoded(*masks, boxes, window)
    return {
        "class_id": np.asarray(class_ids, np.int32),
        "score": np.asarray(scores, np.float64),
        **{name: (low + high)[:, at] / 2 for at, name in enumerate(("x", "y"))},
        **{name: (high - low)[:, at] for at, name in enumerate(("width", "height"))},
        "mask": pa.array(codes, pa.binary()),
    }
