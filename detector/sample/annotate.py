"""Parts on a tray as annotators draw them in Label Studio: regions of a task, in percent of the picture."""

from collections.abc import Callable
from typing import Any

import numpy as np

from detector.data.masks import encode_rle
from detector.sample.parts import HEIGHT, WIDTH, Mask, Part

Region = dict[str, Any]
CONTROLS = {  # type of region: the name of its control in the labelling interface
    "rectanglelabels": "box",
    "polygonlabels": "outline",
    "brushlabels": "brush",
    "ellipselabels": "ellipse",
}
LABEL_CONFIG = """<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="box" toName="image" canRotate="true">
{labels}
  </RectangleLabels>
  <PolygonLabels name="outline" toName="image">
{labels}
  </PolygonLabels>
  <BrushLabels name="brush" toName="image">
{labels}
  </BrushLabels>
  <EllipseLabels name="ellipse" toName="image">
{labels}
  </EllipseLabels>
</View>
"""


def label_config() -> str:
    """The labelling interface, as Label Studio's project settings take it."""
    colours = {"Screw": "#2a9d8f", "Nut": "#e76f51", "Washer": "#577590"}
    labels = "\n".join(f'    <Label value="{name}" background="{colour}"/>' for name, colour in colours.items())
    return LABEL_CONFIG.format(labels=labels)


def draw(part: Part, outlines: bool, rng: np.random.Generator) -> Region:
    """One region for the part: a tight outline, or else most often a box."""
    mask = part.mask()
    return _region(part.name, *_choose(part, mask, outlines, rng)(part, mask, rng), rng)


Drawn = tuple[str, dict[str, Any]]
Hand = Callable[[Part, Mask, np.random.Generator], Drawn]


def _choose(part: Part, mask: Mask, outlines: bool, rng: np.random.Generator) -> Hand:
    whole = not (mask[[0, -1]].any() or mask[:, [0, -1]].any())
    draws: float = rng.random()
    if whole and draws < (0.15 if outlines else 0.06):
        return _brush
    if part.name == "Washer" and whole and draws < (0.7 if outlines else 0.2):
        return _ellipse
    if part.name == "Screw" and whole and not outlines and draws < 0.16:
        return _turned_box
    return _polygon if outlines or draws > 0.9 else _box


def _box(_part: Part, mask: Mask, rng: np.random.Generator) -> Drawn:
    """An upright box, drawn by a steady but human hand."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    edges = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) + rng.normal(0, 0.4, 4)
    left, top, right, bottom = np.clip(edges, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
    return "rectanglelabels", _rectangle(left, top, right - left, bottom - top, 0)


def _turned_box(part: Part, _mask: Mask, rng: np.random.Generator) -> Drawn:
    """A box along the part's axis; Label Studio stores its top-left corner, turned about that corner."""
    cos, sin = np.cos(part.angle), np.sin(part.angle)
    along, across = part.length / 2, part.size / 2
    left, top = part.x - along * cos + across * sin, part.y - along * sin - across * cos
    degrees = np.degrees(part.angle) + rng.normal(0, 0.6)
    return "rectanglelabels", _rectangle(left, top, part.length, part.size, degrees % 360)


def _rectangle(left: float, top: float, width: float, height: float, rotation: float) -> dict[str, float]:
    return {
        "x": 100 * left / WIDTH,
        "y": 100 * top / HEIGHT,
        "width": 100 * width / WIDTH,
        "height": 100 * height / HEIGHT,
        "rotation": float(rotation),
    }


def _ellipse(part: Part, _mask: Mask, _rng: np.random.Generator) -> Drawn:
    radius = part.size / 2
    return "ellipselabels", {
        "x": 100 * part.x / WIDTH,
        "y": 100 * part.y / HEIGHT,
        "radiusX": 100 * radius / WIDTH,
        "radiusY": 100 * radius / HEIGHT,
        "rotation": 0,
    }


def _polygon(_part: Part, mask: Mask, _rng: np.random.Generator) -> Drawn:
    """The outline of the mask to half a pixel, in as few points as a person would click."""
    import cv2

    fine = 4
    enlarged = cv2.resize(mask.astype(np.uint8), None, fx=fine, fy=fine, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(enlarged, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = cv2.approxPolyDP(max(contours, key=len), 0.5 * fine, closed=True)[:, 0] + 0.5
    points = 100 * outline / fine / (WIDTH, HEIGHT)
    return "polygonlabels", {"points": points.round(4).tolist(), "closed": True}


def _brush(_part: Part, mask: Mask, _rng: np.random.Generator) -> Drawn:
    """A painted mask in Label Studio's own run-length code of an RGBA picture."""
    return "brushlabels", {"format": "rle", "rle": list(encode_rle(mask.astype(np.uint8)))}


def _region(name: str, kind: str, value: dict[str, Any], rng: np.random.Generator) -> Region:
    return {
        "id": region_id(rng),
        "type": kind,
        "from_name": CONTROLS[kind],
        "to_name": "image",
        "origin": "manual",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": {**value, kind: [name]},
    }


def region_id(rng: np.random.Generator) -> str:
    """Ten letters and digits, as Label Studio names its regions."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"))
    return "".join(rng.choice(letters, 10))
