"""Train a YOLO model with Ultralytics: on the first GPU, on several, or else on every core."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.stages import Job, Pipeline, Result
from detector.stages.train._arguments import Faults, training_faults
from detector.stages.train._checkpoint import checkpoint, epochs_done
from detector.stages.train._devices import device_faults, shares
from detector.stages.train._network import model_of, network_faults
from detector.stages.train._options import Options
from detector.stages.train._transforms import transform_faults
from detector.stages.train._tune import tune_faults

if TYPE_CHECKING:
    from detector.data.dataset import Dataset
    from detector.stages.train._search import Search

__all__ = ["LIBRARIES", "Options", "derived", "faults", "remarks", "run", "search", "so_far"]
LIBRARIES = ("ultralytics-opencv-headless", "torch", "albumentations", "numpy", "opencv-python-headless")


def faults(options: Options, pipeline: Pipeline) -> Faults:
    """Names and values that the installed packages won't take; a path inside the section, and a message."""
    yield from network_faults(model_of(options.model, pipeline.task), options.scale, pipeline.task)
    yield from _below("device", device_faults(options.device, options.batch))
    yield from _below("options", training_faults(options.options))
    if isinstance(options.image_size, tuple) and "rect" in options.options:
        yield ("options", "rect"), "can't be set beside two sides in train.image_size, which every picture is fitted to"
    yield from _below("augment", transform_faults(options.augment))
    if options.tune is not None:
        yield from _below("tune", tune_faults(options.tune, options.options))


def remarks(options: Options, pipeline: Pipeline) -> Iterator[str]:
    """What has to be fetched."""
    from detector.models.weights import place_of_fetched

    model = model_of(options.model, pipeline.task)
    if model.endswith(".pt") and not Path(model).is_file() and not place_of_fetched(model).is_file():
        yield f"{model} is not on this machine: it is fetched once, from Ultralytics' releases on GitHub"


def so_far(folder: Path) -> str | None:
    """What a training has done that was cut short here; None before the end of its first epoch."""
    return f"epoch {epochs_done(folder)}" if checkpoint(folder).exists() else None


def derived(options: Options, inputs: Mapping[str, Result]) -> Mapping[str, Mapping[str, Any]]:
    """What is left out and derived from the dataset version: name → value and why."""
    from detector.data.dataset import Dataset
    from detector.stages.train._defaults import as_json, settle
    from detector.stages.train._facts import facts_of

    facts = facts_of(Dataset(inputs["convert"].path))
    return as_json(settle(options, facts, shares(options.device)).derived)


def _below(key: str, inner: Faults) -> Faults:
    return (((key, *path), message) for path, message in inner)


def search(options: Options, dataset: "Dataset") -> "Search":
    """What `detector tune` tries on a dataset version, around what these options come to there."""
    from detector.stages.train._search import searched

    return searched(options, dataset)


def run(job: Job[Options]) -> Result:
    """Train; the result's folder holds weights/best.pt and weights/last.pt, its id is what best.pt learned."""
    from detector.stages.train._training import train

    return train(job)
