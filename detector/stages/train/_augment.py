"""The Albumentations transforms of a pipeline: made, and tried on one picture before a training begins.

Ultralytics applies them to pictures of 8 bits a channel that it has cut to size before. One that gives pictures
of another size or type ends a training in its first epoch, or spoils what is learned.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from detector.data.dataset import Dataset
from detector.errors import UsageError

TRIES = 8  # a transform that changes sizes by chance rarely keeps them so often
SECONDS = 1.0  # to try one transform for; the slowest get one try
_CORNERS = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
_Arguments = Mapping[str, Any]
_Size = tuple[int, int]


def transforms(augment: Iterable[Mapping[str, _Arguments | None]], dataset: Dataset, size: _Size) -> list[Any] | None:
    """The transforms, each tried on a picture of `size`, height and width; None leaves Ultralytics to its own few.

    Raises:
        UsageError: A transform refuses the value of an argument, can't be applied, or gives what can't be trained on.
    """
    named = [(name, arguments or {}) for transform in augment for name, arguments in transform.items()]
    built = [_make(name, arguments) for name, arguments in named]
    if not built:
        return None
    labels = _labels(dataset)
    for name, arguments in named:
        if problem := _problem(_make(name, {**arguments, "p": 1.0}), labels, size):
            raise UsageError(f"train.augment: {name} {problem}")
    return built


def _make(name: str, arguments: _Arguments) -> Any:
    import albumentations

    try:
        return getattr(albumentations, name)(**arguments)
    except Exception as error:
        raise UsageError(f"train.augment: {name} can't be made: {_sentence(error)}") from error


def _problem(transform: Any, labels: _Arguments, size: _Size) -> str | None:
    """What is wrong with a picture that the transform gives, as the end of a sentence that begins with its name."""
    from ultralytics.data.augment import Albumentations

    apply = Albumentations(p=1.0, transforms=[transform])
    if apply.transform is None:  # the package logs why, and would train without it
        return "can't be used with boxes, and Ultralytics would leave it out"
    for picture in _pictures(size):
        try:
            augmented = apply(_sample(picture, labels))["img"]
        except Exception as error:  # noqa: BLE001 - what a transform can't do, it says in any way
            return f"can't be applied to a picture of {size[1]} x {size[0]} pixels: {_sentence(error)}"
        if problem := _unlike(picture, augmented):
            return problem
    return None


def _unlike(picture: Any, augmented: Any) -> str | None:
    if augmented.shape[:2] != picture.shape[:2]:
        after = " x ".join(map(str, augmented.shape[1::-1]))
        return (
            f"makes a picture of {picture.shape[1]} x {picture.shape[0]} pixels one of {after}, and all of a batch "
            "must be of one size; leave it out, or set scale and translate in train.options"
        )
    if augmented.ndim != 3 or augmented.shape[2] != 3:
        channels = augmented.shape[2] if augmented.ndim == 3 else 1
        return f"makes pictures of {channels} channel{'s' * (channels > 1)}, and the network takes 3"
    if augmented.dtype != picture.dtype:
        return f"makes pictures of {augmented.dtype}, and training takes 8 bits a channel, which it normalises itself"
    return None


def _pictures(size: _Size) -> Iterator[Any]:
    """Pictures (height, width, 3), uint8, of noise in soft colours: one, and more while there is time."""
    until = time.monotonic() + SECONDS
    for seed in range(TRIES):
        if seed and time.monotonic() > until:
            return
        yield np.random.default_rng(seed).integers(40, 200, (*size, 3), dtype=np.uint8)


def _labels(dataset: Dataset) -> dict[str, Any]:
    """The objects of the training image that has the most.

    Class ids (N, 1), boxes (N, 4), and for segment their corners as outlines (N, 1000, 2), as Ultralytics has them; all
    normalised.
    """
    training = [row for row, split in enumerate(dataset.images["split"].to_pylist()) if split == "train"]
    of = dataset.instances["image"].to_numpy()
    counts = np.bincount(of, minlength=max(training, default=0) + 1)
    fullest = max(training, key=lambda row: counts[row], default=-1)
    chosen = dataset.instances.take(np.flatnonzero(of == fullest))
    boxes = np.stack([chosen[name].to_numpy() for name in ("x", "y", "width", "height")], axis=1).astype(np.float32)
    corners = boxes[:, None, :2] + boxes[:, None, 2:] * np.array(_CORNERS, np.float32)
    outlines = np.repeat(corners, 250, axis=1) if dataset.conversion["task"] == "segment" else np.zeros((0, 1000, 2))
    ids = chosen["class_id"].to_numpy().reshape(-1, 1).astype(np.float32)
    return {"cls": ids, "boxes": boxes, "outlines": outlines.astype(np.float32)}


def _sample(picture: Any, labels: _Arguments) -> dict[str, Any]:
    """What Ultralytics hands to a transform."""
    from ultralytics.utils.instance import Instances

    outlines = labels["outlines"].copy()
    objects = Instances(labels["boxes"].copy(), outlines, bbox_format="xywh", normalized=True)
    return {"img": picture.copy(), "cls": labels["cls"].copy(), "instances": objects}


def _sentence(error: Exception) -> str:
    """An error of Albumentations in one line: the pydantic error within takes three for each argument."""
    within = error.__cause__
    if isinstance(within, ValidationError):
        return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in within.errors())
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
