"""Evaluations of predictions that are placed by hand."""

import numpy as np
import pyarrow as pa

from detector.data.dataset import Dataset
from detector.data.evaluation import SEEN, Evaluation
from detector.measure.evaluate import PLAIN, judge
from detector.measure.shapes import outlined


def seen(image, class_id, score=0.9, x=0.5, y=0.5, width=0.5, height=0.5, polygon=None):
    """A prediction on an image (a row of the version's table); its mask is `polygon`, or the whole box."""
    place = {"x": x, "y": y, "width": width, "height": height}
    return {"image": image, "class_id": class_id, "score": score, **place, "polygon": polygon}


def diamond(x, y, width, height):
    """The outline that tests/support/versions.py draws in a box."""
    return [x, y - height / 2, x + width / 2, y, x, y + height / 2, x - width / 2, y]


def table(dataset: Dataset, rows) -> pa.Table:
    """Those predictions, schema SEEN, in the order of their images."""
    rows = sorted(rows, key=lambda row: row["image"])
    masks = [None] * len(rows)
    if dataset.conversion["task"] == "segment":
        names = (*SEEN.names[:-1], "polygon")
        shapes = pa.Table.from_pylist(rows, pa.schema([*list(SEEN)[:-1], ("polygon", pa.list_(pa.float64()))]))
        sizes = np.stack([dataset.images[name].to_numpy() for name in ("width", "height")], axis=1)
        masks = [code["counts"] for code in outlined(shapes.select(names), sizes)]
    return pa.Table.from_pylist([{**row, "mask": mask} for row, mask in zip(rows, masks, strict=True)], SEEN)


def evaluated(dataset: Dataset, folder, rows, weights="weights", split="test", wanted=PLAIN) -> Evaluation:
    """What `evaluate` leaves of those predictions."""
    folder.mkdir(parents=True, exist_ok=True)
    return judge(table(dataset, rows), dataset.on(split), weights, folder, wanted)
