"""Train a YOLO model with Ultralytics, on the first GPU where there is one, else on every core."""

from pathlib import Path

from detector.stages import Job, Pipeline, Result
from detector.stages.train._arguments import Faults, training_faults
from detector.stages.train._checkpoint import checkpoint
from detector.stages.train._network import SMALLEST, network_faults
from detector.stages.train._options import Options
from detector.stages.train._transforms import transform_faults

__all__ = ["LIBRARIES", "Options", "faults", "resumable", "run"]
LIBRARIES = ("ultralytics-opencv-headless", "torch", "albumentations", "numpy", "opencv-python-headless")


def faults(options: Options, pipeline: Pipeline) -> Faults:
    """Names and values that the installed packages won't take; a path inside the section, and a message."""
    yield from network_faults(options.model or SMALLEST[pipeline.task], options.scale, pipeline.task)
    yield from _below("options", training_faults(options.options))
    yield from _below("augment", transform_faults(options.augment))


def resumable(folder: Path) -> bool:
    """Whether a training was cut short here after one whole epoch or more."""
    return checkpoint(folder).exists()


def _below(key: str, inner: Faults) -> Faults:
    return (((key, *path), message) for path, message in inner)


def run(job: Job[Options]) -> Result:
    """Train; the result's folder holds weights/best.pt and weights/last.pt, its id is what best.pt learned."""
    from detector.stages.train._training import train

    return train(job)
