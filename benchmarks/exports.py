"""Large Label Studio exports, generated: what the conversion benchmarks read."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = ("car", "dog", "person")
CONFIG = (
    '<View><Image name="image" value="$image"/>'
    + "".join(
        f'<{kind} name="{kind}" toName="image">{"".join(f"<Label value={label!r}/>" for label in CLASSES)}</{kind}>'
        for kind in ("RectangleLabels", "PolygonLabels", "BrushLabels")
    )
    + "</View>"
)
Region = dict[str, Any]


def write(
    path: Path, tasks: int, each: int, draw: Callable[[np.random.Generator], Region], size: tuple[int, int]
) -> None:
    """An export of `tasks` tasks with `each` regions from `draw`, on images of `size` pixels; streamed to disk."""
    noise = np.random.default_rng(0)
    with path.open("w") as file:
        for number in range(1, tasks + 1):
            file.write("[" if number == 1 else ", ")
            regions = [_region(number, at, draw(noise), size) for at in range(each)]
            json.dump(_task(number, regions), file)
        file.write("]")


def _task(number: int, regions: list[Region]) -> dict[str, Any]:
    time = "2026-01-01T00:00:00.000000Z"
    annotation = {"id": number, "completed_by": 1, "was_cancelled": False, "ground_truth": False, "created_at": time}
    return {
        "id": number,
        "annotations": [{**annotation, "updated_at": time, "lead_time": 9.5, "result": regions}],
        "data": {"image": f"/data/upload/1/{number:08d}-photo.jpg"},
        "created_at": time,
        "updated_at": time,
        "project": 1,
    }


def _region(number: int, at: int, drawn: Region, size: tuple[int, int]) -> Region:
    kind = next(key for key in drawn if key.endswith("labels"))
    control = kind.replace("labels", "Labels").capitalize().replace("labels", "Labels")
    return {
        "id": f"{number:x}-{at}",
        "type": kind,
        "from_name": control,
        "to_name": "image",
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "origin": "manual",
        "value": drawn,
    }


def boxes(noise: np.random.Generator) -> Region:
    """An upright rectangle."""
    x, y, width, height = (noise.random(4) * (80, 80, 19, 19) + (0, 0, 1, 1)).tolist()
    return {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [_label(noise)]}


def polygons(noise: np.random.Generator) -> Region:
    """A wobbly circle of 40 points."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = noise.random() * 8 + 2 + noise.random(40)
    centre = noise.random(2) * 70 + 15
    points = np.stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)], axis=1)
    return {"points": points.tolist(), "closed": True, "polygonlabels": [_label(noise)]}


def brushes(noise: np.random.Generator) -> Region:
    """A blob of two ellipses on 1024 x 1024 pixels, as Label Studio codes it."""
    return {"format": "rle", "rle": _codes()[int(noise.integers(len(_CODES)))], "brushlabels": [_label(noise)]}


_CODES: list[list[int]] = []


def _codes() -> list[list[int]]:
    """Twenty masks are coded once: coding takes far longer than what is measured."""
    if not _CODES:
        _CODES.extend(_blobs())
    return _CODES


def _blobs() -> Iterator[list[int]]:
    import cv2
    from label_studio_sdk.converter.brush import mask2rle

    noise = np.random.default_rng(1)
    for _ in range(20):
        mask = np.zeros((1024, 1024), np.uint8)
        centre = noise.integers(200, 800, 2)
        for _ in range(2):
            at = tuple(int(v) for v in centre + noise.integers(-60, 60, 2))
            cv2.ellipse(
                mask, at, tuple(int(v) for v in noise.integers(40, 150, 2)), float(noise.integers(180)), 0, 360, 255, -1
            )
        yield mask2rle(mask)


def _label(noise: np.random.Generator) -> str:
    return CLASSES[int(noise.integers(len(CLASSES)))]
