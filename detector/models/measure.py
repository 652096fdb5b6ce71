"""Metrics of weights on one split of a dataset version."""

from pathlib import Path
from typing import Any

from detector.models.names import plain_names
from detector.models.quiet import device, quietly
from detector.models.weights import load_model
from detector.terms import Task


def measure(  # noqa: PLR0913
    weights: Path, data_yaml: Path, split: str, image_size: int | None, folder: Path, *, plots: bool = False
) -> dict[str, float]:
    """Precision, recall, mAP50 and mAP50-95, over all classes and by class, of `weights` on a split.

    Names are `mAP50-95` and `mAP50-95/<class>`; for a segmentation model these are of its masks, and those of its boxes
    are `box/mAP50-95` and so on. `image_size` in pixels; None takes the one that the weights were trained at. The
    package's log and, if asked for, its plots go to `folder`.
    """
    with quietly(folder / "ultralytics.log"):
        size = {} if image_size is None else {"imgsz": image_size}
        model = load_model(weights)
        metrics = model.val(
            data=str(data_yaml), split=split, save_dir=str(folder), plots=plots, device=device(), **size
        )
        return plain_names(metrics.results_dict, model.task) | _by_class(metrics, model.task)


def _by_class(metrics: Any, task: Task) -> dict[str, float]:
    """A class without a single object in the split has no metrics, and is left out."""
    parts = {"": metrics.seg, "box/": metrics.box} if task == "segment" else {"": metrics.box}
    return {
        f"{prefix}{name}/{metrics.names[class_id]}": float(value)
        for prefix, part in parts.items()
        for name, values in (("mAP50", part.ap50), ("mAP50-95", part.ap))
        for class_id, value in zip(part.ap_class_index, values, strict=True)
    }
