"""Figures of parts of a split: the images with one value of a field of their task."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from detector.data.geometry import Ints
from detector.measure.intervals import drawn, interval, values
from detector.measure.precision import OneClass, part_of

MOST = 20  # values of a field that are shown, the most frequent first


def slices(
    images: pa.Table, classes: Mapping[str, OneClass], weighting: Ints, fields: Sequence[str]
) -> list[dict[str, Any]]:
    """For each value of each field: how many images and objects, and mAP50-95 with its interval.

    `images` are the split's rows of the version's table; `weighting` (R, images) is what intervals are drawn with.
    """
    rows = []
    for field in fields:
        for value, positions in _values(images, field):
            part = {name: part_of(of, positions) for name, of in classes.items()}
            figures = values(part, len(positions))
            draws = drawn(part, weighting[:, positions])
            rows.append(
                {
                    "field": field,
                    "value": value,
                    "images": len(positions),
                    "objects": sum(int(of.objects.sum()) for of in part.values()),
                    "mAP50-95": figures.get("mAP50-95"),
                    "interval": list(interval(draws["mAP50-95"])) if figures else None,
                }
            )
    return rows


def _values(images: pa.Table, field: str) -> list[tuple[str, list[int]]]:
    """Each value as text, with the positions of its images; an image without the field has the value `none`."""
    name = field.removeprefix("data.")
    positions: dict[str, list[int]] = {}
    for at, text in enumerate(images["data"].to_pylist()):
        value = json.loads(text).get(name) if text else None
        shown = value if isinstance(value, str) else "none" if value is None else json.dumps(value, ensure_ascii=False)
        positions.setdefault(shown, []).append(at)
    return sorted(positions.items(), key=lambda each: (-len(each[1]), each[0]))[:MOST]
