"""The objects on a picture → regions as Label Studio has them, by the controls of the project's own configuration.

Format: https://labelstud.io/guide/predictions. Coordinates are percent of the upright image.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from detector.data.masks import encode_rle
from detector.inference.seen import Object
from detector.label_studio.controls import Control

Classes = Mapping[str, Sequence[str]]  # class name → the labels that mean it
Regions = list[dict[str, Any]]
DECIMALS = 6  # of a percent: 0.0001 px of an image of 10,000 px
FEW, SLACK = 12, 0.4  # of more points than that, those go that lie within so many pixels of the others' outline
_OF_BOXES = ("rectangle", "polygon")  # which shape is taken, the first that there is a control for
_OF_OUTLINES = ("polygon", "brush", "rectangle")


class Picture(NamedTuple):
    """An upright image of `width` x `height` pixels, and what shows it: an Image control, or `pages[2]` of a list."""

    control: str
    width: int
    height: int


class Results(NamedTuple):
    """Regions, and the objects that no control of the configuration has a label for."""

    regions: Regions
    unsent: list[Object]


def results(
    objects: Sequence[Object], picture: Picture, controls: Sequence[Control], names: Sequence[str], classes: Classes
) -> Results:
    """The regions of the objects on a picture.

    `names` are the model's classes by class id. `classes` are those of the pipeline: the labels that mean each; a class
    that is not among them is its own label. An outline is a polygon; a mask only where no control draws polygons.
    """
    drawn_with = list(_on(picture, controls))
    regions: Regions = []
    unsent: list[Object] = []
    for each in objects:
        labels = _labels(names[each.class_id], classes)
        if chosen := _choose(drawn_with, labels, each):
            regions += _region(each, picture, *chosen, len(regions))
        else:
            unsent.append(each)
    return Results(regions, unsent)


def _labels(name: str, classes: Classes) -> list[str]:
    """The labels that mean a class, that which is called as the class first."""
    return sorted(classes.get(name, (name,)), key=lambda label: label != name)


def _on(picture: Picture, controls: Sequence[Control]) -> Iterator[Control]:
    """The controls that draw on a picture, by the names that they have there."""
    shown = _image(picture.control)[0]
    for control in controls:
        for image in control.images:
            number = _number(shown, image, control.flag)
            if number is not None:
                name, named_by = (_numbered(each, control.flag, number) for each in (control.name, control.named_by))
                yield control._replace(name=name, named_by=named_by)


def _numbered(name: str, flag: str, number: str) -> str:
    return name.replace(flag, number) if flag else name


def _number(shown: str, image: str, flag: str) -> str | None:
    """What `flag` stands for where `image` is what is shown; None where it is another."""
    if not flag or flag not in image:
        return "" if shown == image else None
    before, _, after = image.partition(flag)
    number = shown.removeprefix(before).removesuffix(after)
    return number if number.isdecimal() and image.replace(flag, number) == shown else None


def _image(control: str) -> tuple[str, int | None]:
    """The name of an Image control, and the number of an image in its list: of `pages[2]`, `pages` and 2."""
    name, bracket, number = control.removesuffix("]").rpartition("[")
    return (name, int(number)) if bracket and number.isdecimal() else (control, None)


def _choose(controls: Sequence[Control], labels: Sequence[str], of: Object) -> tuple[Control, str] | None:
    """The control that an object is drawn with, and its label there."""
    for shape in _OF_OUTLINES if of.polygon else _OF_BOXES:
        for label in labels:
            for control in controls:
                if control.shape == shape and label in control.labels:
                    return control, label
    return None


def _region(of: Object, picture: Picture, control: Control, label: str, number: int) -> Regions:
    """One region; of a shape that another control names, that control's word on it, too."""
    image, item = _image(picture.control)
    place = _place(of, picture, control.shape)
    shared = {
        "id": _id(number, of, picture.control),
        "to_name": image,
        "original_width": picture.width,
        "original_height": picture.height,
        "image_rotation": 0,
        "score": round(of.score, 4),
    } | ({} if item is None else {"item_index": item})
    if not control.named_by:
        labels = {control.kind: [label]}
        return [shared | {"from_name": control.name, "type": control.kind, "value": place | labels}]
    return [
        shared | {"from_name": control.name, "type": control.kind, "value": place},
        shared | {"from_name": control.named_by, "type": "labels", "value": place | {"labels": [label]}},
    ]


def _id(number: int, of: Object, control: str) -> str:
    """The same for the same object at the same place in a result."""
    return hashlib.sha256(json.dumps([control, number, *of]).encode()).hexdigest()[:10]


def _place(of: Object, picture: Picture, shape: str) -> dict[str, Any]:
    if shape == "rectangle":
        (left, top), (right, bottom) = _box(of)
        wide, high = round(right - left, DECIMALS), round(bottom - top, DECIMALS)
        return {"x": left, "y": top, "width": wide, "height": high, "rotation": 0}
    if shape == "brush":
        return {"format": "rle", "rle": [*encode_rle(_mask(of, picture))]}
    return {"points": _percent(_simple(of.outline, picture)), "closed": True}


def _simple(outline: Sequence[float], picture: Picture) -> Sequence[float]:
    """An outline that a person can edit: a model's has a point for each pixel on its way.

    D. Douglas and T. Peucker, Algorithms for the Reduction of the Number of Points, Cartographica 10 (1973).
    """
    import cv2

    size = np.array((picture.width, picture.height))
    points = np.reshape(outline, (-1, 2)) * size
    if len(points) <= FEW:
        return outline
    kept = cv2.approxPolyDP(points.astype(np.float32), SLACK, True).reshape(-1, 2)
    simple: list[float] = (kept / size).ravel().tolist()
    return simple if len(kept) >= 3 else outline


def _box(of: Object) -> list[list[float]]:
    x, y, wide, high = of.box
    return _percent([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2])


def _percent(values: Sequence[float]) -> list[list[float]]:
    """Points of x0, y0, … in parts of the picture, and within it."""
    points = np.clip(np.reshape(values, (-1, 2)), 0, 1) * 100
    rounded: list[list[float]] = points.round(DECIMALS).tolist()
    return rounded


def _mask(of: Object, picture: Picture) -> Any:
    """(height, width), 1 inside the outline."""
    import cv2

    points = np.reshape(of.outline, (-1, 2)) * (picture.width, picture.height) - 0.5  # of a pixel's centre
    mask = np.zeros((picture.height, picture.width), np.uint8)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
    return mask
