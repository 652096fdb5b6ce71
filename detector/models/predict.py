"""What weights see on pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from detector.models.quiet import device, quietly
from detector.models.weights import load_model


class Objects(NamedTuple):
    """The objects on one picture, best score first, normalised by its width and height.

    class_ids (N,), scores (N,) in 0 … 1, boxes (N, 4) as centre x, centre y, width, height; polygons: for each object
    an array (K, 2) of x, y, or None for a model without masks.
    """

    class_ids: Any
    scores: Any
    boxes: Any
    polygons: list[Any] | None


def predict(
    weights: Path, images: Sequence[Path], image_size: int | None, log: Path, confidence: float = 0.25
) -> Iterator[Objects]:
    """Objects of a score of at least `confidence` on each picture, in the order of `images`.

    `weights` is a checkpoint or an engine exported from one. `image_size` in pixels; None takes the one that the
    weights were trained at.
    """
    size = {} if image_size is None else {"imgsz": image_size}
    with quietly(log):
        model = load_model(weights)
    for image in images:
        with quietly(log):  # not around the yield: what the caller prints is the caller's
            (result,) = model.predict(str(image), conf=confidence, device=device(), verbose=False, save=False, **size)
        yield _objects(result.cpu().numpy())


def _objects(result: Any) -> Objects:
    boxes = result.boxes
    polygons = None if result.masks is None else list(result.masks.xyn)
    return Objects(boxes.cls.astype(int), boxes.conf.astype(float), boxes.xywhn.astype(float), polygons)
