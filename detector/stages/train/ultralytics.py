"""Train a YOLO model with Ultralytics, on the first GPU where there is one, else on every core."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from detector.stages import Job, Pipeline, Result, Section
from detector.stages.train._arguments import Found, training_faults
from detector.stages.train._checkpoint import checkpoint
from detector.stages.train._network import network_faults
from detector.stages.train._transforms import transform_faults

LIBRARIES = ("ultralytics-opencv-headless", "torch", "albumentations")


class Options(Section):
    """What to train, and for how long. Anything else that Ultralytics takes goes under `options`."""

    using: Literal["ultralytics"] = "ultralytics"
    model: str = Field(
        description="weights to fine-tune (.pt: a path, or a published name), or an architecture (.yaml)",
        examples=["yolo26n.pt", "yolo26n.yaml"],
    )
    scale: tuple[float, float, int] | None = Field(
        None, description="an architecture's depth and width multiples and most channels, in place of its own"
    )
    warm_start: bool = Field(False, description="begin with what the champion has learned, once there is one")
    epochs: int = Field(100, ge=1, description="times that every training image is seen")
    image_size: int = Field(640, ge=32, multiple_of=32, description="pixels of the square that images are fitted to")
    batch: int = Field(16, ge=1, description="images in a step")
    patience: int = Field(100, ge=0, description="stop after so many epochs without a gain on val; 0 never does")
    seed: int = Field(0, ge=0, description="the same seed gives the same weights on the same machine")
    augment: list[dict[str, dict[str, Any] | None]] = Field(
        [], description="Albumentations transforms by name, with their arguments"
    )
    options: dict[str, Any] = Field({}, description="any other Ultralytics training argument")


def faults(options: Options, pipeline: Pipeline) -> Found:
    """Names and values that the installed packages won't take; a path inside the section, and a message."""
    yield from network_faults(options.model, options.scale, pipeline.task)
    yield from _below("options", training_faults(options.options))
    yield from _below("augment", transform_faults(options.augment))


def resumable(folder: Path) -> bool:
    """Whether a training was cut short here after one whole epoch or more."""
    return checkpoint(folder).exists()


def _below(key: str, found: Found) -> Found:
    return (((key, *path), message) for path, message in found)


def run(job: Job[Options]) -> Result:
    """Train; the result's folder holds weights/best.pt and weights/last.pt, its id is what best.pt learned."""
    from detector.stages.train._training import train

    return train(job)
