"""FiftyOne's samples and labels as pictures and shapes, by columns.

A box is left, top, width, height; an outline is a list of lists of [x, y]; all are shares of the upright picture. The
mask of a detection covers its box. A sample without a label document is unlabelled; an empty document is a background.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from detector.data.masks import Mask
from detector.errors import UsageError, did_you_mean
from detector.stages.pull._fiftyone.numbers import numbers_of, size_of
from detector.stages.pull._fiftyone.shapes import Drawn, Lost, Picture, Shape
from detector.stages.pull._fiftyone.splits import split_of_tags
from detector.stages.pull._links import is_inside

_SIMPLE = ("StringField", "IntField", "FloatField", "BooleanField")  # fields that become data of their picture
_SHAPES = {"Detections": "detections", "Polylines": "polylines"}
_NONE = {"Segmentation", "Classification", "Classifications", "Keypoints", "Keypoint", "Heatmap", "Regression"}


def shape_fields(samples: Any) -> dict[str, str]:
    """The fields that hold shapes, each with where in it they are."""
    return {name: _SHAPES[kind] for name, kind in _label_fields(samples).items() if kind in _SHAPES}


def _label_fields(samples: Any) -> dict[str, str]:
    """Every field that holds labels, and of which kind."""
    types = {
        name: getattr(field, "document_type", type(None)).__name__ for name, field in samples.get_field_schema().items()
    }
    return {name: kind for name, kind in types.items() if kind in _SHAPES or kind in _NONE}


def chosen_fields(samples: Any, field: str | None, several: bool) -> list[str]:
    """The fields to take: the one that is named, or the only one; all of them with `several`.

    Raises UsageError where there is none, or more than one to choose from.
    """
    fields, labels = list(shape_fields(samples)), _label_fields(samples)
    if field:
        if field not in fields:
            raise UsageError(_no_field(field, fields, labels))
        return [field]
    if len(fields) > 1 and not several:
        raise UsageError(f"there are labels in several fields: {', '.join(fields)}; name one: pull.field: {fields[0]}")
    if not fields:
        raise UsageError(f"no field holds Detections or Polylines{_others(labels)}")
    return fields


def _no_field(field: str, fields: Sequence[str], labels: dict[str, str]) -> str:
    if field in labels:
        return (
            f"pull.field: {field} is {labels[field]}, which tells no single objects apart"
            f"{_others({field: labels[field]})}; the fields with Detections or Polylines: {', '.join(fields) or 'none'}"
        )
    return (
        f"pull.field: no field {field!r} with Detections or Polylines{did_you_mean(field, fields)}"
        f" ({'there is ' + ', '.join(fields) if fields else 'there is none'})"
    )


def _others(labels: dict[str, str]) -> str:
    """What there is instead, and how FiftyOne makes objects of it."""
    others = f" ({', '.join(f'{name} is {kind}' for name, kind in labels.items())})" if len(labels) > 1 else ""
    if "Segmentation" in labels.values():
        return f"{others}; fiftyone.utils.labels.segmentations_to_detections makes objects of a mask of classes"
    return others


def read(samples: Any, fields: Sequence[str], task: str, *, imported: bool, root: Path | None = None) -> Drawn:
    """All samples of a dataset or a view, with the labels of `fields`.

    `imported`: sizes are those of a label file, which may mean the picture as it is stored. `root`: what paths are
    told from.
    """
    drawn = Drawn(in_pixels=False, of_stored=imported)
    paths = samples.values("filepath")
    data = _data(samples)
    widths, heights = samples.values(["metadata.width", "metadata.height"]) if imported else ([], [])
    for at, path in enumerate(paths):
        size = size_of(widths[at], heights[at]) if imported else None
        file = Path(path)
        source = file.relative_to(root).as_posix() if root and file.is_relative_to(root) else path
        drawn.pictures.append(Picture(source, file, "unlabelled", size, data[at]))
    for field in fields:
        _read_field(drawn, samples, field, task == "segment", root)
    _count_others(drawn, samples, fields)
    return drawn


def _data(samples: Any) -> list[dict[str, Any]]:
    """The simple fields of each sample, the label of its classifications, and its split."""
    schema = samples.get_field_schema()
    names = [name for name, field in schema.items() if type(field).__name__ in _SIMPLE and name != "filepath"]
    paths = {name: name for name in names}
    paths |= {name: f"{name}.label" for name, kind in _label_fields(samples).items() if kind == "Classification"}
    columns = samples.values(["tags", *paths.values()])
    rows = []
    for tags, *values in zip(*columns, strict=True):
        row = {name: value for name, value in zip(paths, values, strict=True) if value is not None}
        split = split_of_tags(tags or [])
        rows.append(row | ({"split": split} if split else {}))
    return rows


def _read_field(drawn: Drawn, samples: Any, field: str, outlines: bool, root: Path | None) -> None:
    inside = shape_fields(samples)[field]
    names = [
        "id",
        "label",
        "iscrowd",
        *(["bounding_box"] if inside == "detections" else ["points", "closed", "filled"]),
    ]
    names += ["mask", "mask_path"] if inside == "detections" and outlines else []
    for at, columns in enumerate(zip(*samples.values([f"{field}.{inside}.{name}" for name in names]), strict=True)):
        if columns[0] is None:
            continue
        picture = drawn.pictures[at]
        status = "annotated" if columns[0] or picture.status == "annotated" else "background"
        drawn.pictures[at] = picture._replace(status=status)
        for values in zip(*(column or [None] * len(columns[0]) for column in columns), strict=True):
            label = dict(zip(names, values, strict=True))
            if inside == "detections":
                _detection(drawn, at, label, root)
            else:
                _polyline(drawn, at, label)


def _detection(drawn: Drawn, at: int, label: dict[str, Any], root: Path | None) -> None:
    box = numbers_of(label["bounding_box"])
    if label["iscrowd"]:
        drawn.lost.append(Lost(at, "crowd", label["id"], label["label"]))
    elif box is None or len(box) != 4:
        drawn.lost.append(Lost(at, "malformed_region", label["id"], label["label"]))
    else:
        mask = label.get("mask")
        path = label.get("mask_path")
        drawn_mask = mask if mask is not None else partial(_mask_in, path, root) if path else None
        whole = None if drawn_mask is None else partial(_whole, drawn_mask, box)
        drawn.shapes.append(Shape(at, label["id"], label["label"], "rectangle", box, whole))


def _polyline(drawn: Drawn, at: int, label: dict[str, Any]) -> None:
    parts = [[number for point in part for number in point] for part in label["points"] or []]
    if label["iscrowd"]:
        drawn.lost.append(Lost(at, "crowd", label["id"], label["label"]))
    elif not (label["closed"] or label["filled"]):
        drawn.lost.append(Lost(at, "not_a_shape", label["id"], "an open line"))
    elif not parts or any(numbers_of(part) is None for part in parts):
        drawn.lost.append(Lost(at, "malformed_region", label["id"], label["label"]))
    else:
        several = partial(_filled, parts) if len(parts) > 1 else None
        drawn.shapes.append(Shape(at, label["id"], label["label"], "polygon", parts[0], several))


def _filled(parts: Sequence[Sequence[float]], width: int, height: int) -> Mask:
    """Several parts of one object as the mask of a picture."""
    from detector.stages.pull._fiftyone.rle import mask_of_parts

    pixels = [(np.array(part).reshape(-1, 2) * (width, height)).ravel().tolist() for part in parts]
    return mask_of_parts(pixels, width, height)


def _mask_in(path: str, root: Path | None) -> Any:
    """The mask in an image file; None where there is none, or where it lies outside of the folder `root`."""
    import cv2

    file = Path(path)
    is_allowed = file.is_file() and (root is None or is_inside(file, root))
    return cv2.imread(path, cv2.IMREAD_UNCHANGED) if is_allowed else None


def _whole(mask: Any, box: Sequence[float], width: int, height: int) -> Mask | None:
    """The mask of a picture from that of a box in it, an array or what reads one; None where it can't be read."""
    import cv2

    part = mask() if callable(mask) else np.asarray(mask)
    if part is None or part.ndim < 2 or not part.size:
        return None
    part = (part if part.ndim == 2 else part.max(axis=2)) != 0
    left, top = round(box[0] * width), round(box[1] * height)
    wide, high = max(round(box[2] * width), 1), max(round(box[3] * height), 1)
    scaled = cv2.resize(part.astype(np.uint8), (wide, high), interpolation=cv2.INTER_NEAREST)
    whole = np.zeros((height, width), np.uint8)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + wide, width), min(top + high, height)
    if x0 < x1 and y0 < y1:
        whole[y0:y1, x0:x1] = scaled[y0 - top : y1 - top, x0 - left : x1 - left]
    return whole


def _count_others(drawn: Drawn, samples: Any, fields: Sequence[str]) -> None:
    """Where only labels of another kind are on a picture, it was annotated, but with no shape."""
    for name, kind in _label_fields(samples).items():
        if name in fields or kind in {"Detections", "Polylines", "Classification", "Classifications", "Regression"}:
            continue
        inside = "keypoints." if kind == "Keypoints" else ""
        for at, ids in enumerate(samples.values(f"{name}.{inside}id")):
            for each in ids if isinstance(ids, list) else [ids] if ids else []:
                reason = "class_mask" if kind == "Segmentation" else "not_a_shape"
                drawn.lost.append(Lost(at, reason, each, f"{name} is {kind}"))
                if drawn.pictures[at].status == "unlabelled":
                    drawn.pictures[at] = drawn.pictures[at]._replace(status="no_shapes")
