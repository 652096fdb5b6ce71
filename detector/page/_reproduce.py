"""How to get the same again: the command, versions, data and weights, and the pipeline as it was run."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from detector import __version__
from detector.data.trained import Trained
from detector.page._run import Run
from detector.system.gpus import gpus

LIBRARIES = (
    "torch",
    "ultralytics-opencv-headless",
    "albumentations",
    "faster-coco-eval",
    "fiftyone",
    "mlflow",
    "onnxruntime",
    "tensorrt",
    "tensorrt-rtx",
)


def reproduce(run: Run) -> dict[str, Any]:
    """Everything that shapes the output, by name."""
    return {"facts": list(_facts(run)), "versions": list(_versions()), "resolved": run.resolved, "folder": run.folder}


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    if run.dataset is not None:
        yield "dataset version", run.dataset.version
        yield "test set", run.dataset.test_set
    if "train" in run.results:
        try:
            yield "weights (SHA-256)", Trained(run.results["train"].path).made_from.fingerprint
        except (OSError, ValueError, TypeError):  # not there any more, or of another version of this program
            yield "weights", str(run.results["train"].path)
    yield "machine", ", ".join([f"{platform.machine()}, {os.cpu_count()} CPUs", *(gpu.name for gpu in gpus())])


def _versions() -> Iterator[tuple[str, str]]:
    yield "detector", __version__
    yield "python", platform.python_version()
    for name in LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
