"""Weights and architectures: where they are, and what they are."""

import hashlib
import os
from pathlib import Path
from typing import Any

from detector.errors import TryAgain, UsageError, did_you_mean
from detector.models.quiet import fetching, quietly
from detector.system.cache import CACHE

CUSTOM = "custom"  # the name of a scale of our own, in the file of an architecture


def find_weights(name: str, log: Path) -> Path:
    """The weights file `name`: a path, or the name of published weights, which are fetched once.

    Raises:
        UsageError: there is no such file, nor weights published under that name.
        TryAgain: they could not be fetched.
    """
    if Path(name).is_file():
        return Path(name).resolve()
    if Path(name).name != name:
        raise UsageError(f"the weights {name} were not found")
    fetched = place_of_fetched(name)
    if not fetched.is_file():
        _fetch(fetched, log)
    return fetched


def place_of_fetched(name: str) -> Path:
    """Where published weights are, once they have been fetched."""
    return CACHE / "weights" / name


def _fetch(to: Path, log: Path) -> None:
    with quietly(log), fetching():
        from ultralytics.utils import downloads

        if to.name not in downloads.GITHUB_ASSETS_NAMES:
            hint = did_you_mean(to.name, downloads.GITHUB_ASSETS_NAMES) or "; yolo26n.pt is one, say"
            raise UsageError(f"{to.name} is neither a file here nor the name of published weights{hint}")
        try:
            downloads.attempt_download_asset(to, progress=False)
        except (OSError, MemoryError) as error:
            raise TryAgain(
                f"{to.name} could not be downloaded ({error}); go online for this once, or set the model to weights "
                "that lie here, or to an architecture (.yaml) to train from scratch"
            ) from error


def architecture(name: str, scale: tuple[float, float, int] | None, folder: Path) -> str:
    """What to build a network from: `name` (such as yolo11n.yaml) itself, or with `scale` a file written to `folder`.

    `scale` is (depth multiple, width multiple, most channels), as in the `scales` of an architecture's file.
    """
    if scale is None:
        return name
    from ultralytics.nn.tasks import yaml_model_load
    from ultralytics.utils import YAML

    layers = yaml_model_load(name)
    scaled = folder / "architecture.yaml"
    YAML.save(scaled, layers | {"scales": {CUSTOM: list(scale)}, "scale": CUSTOM})
    return str(scaled)


def load_model(model: Path | str) -> Any:
    """An `ultralytics.YOLO` of weights, or of an architecture by its name or file; call it within `quietly`.

    Raises:
        UsageError: the package can't read it.
    """
    from ultralytics import YOLO

    try:
        return YOLO(str(model))
    except Exception as error:
        raise UsageError(f"{model} can't be loaded as a model: {error}") from error


def fingerprint(weights: Path) -> str:
    """SHA-256 of what a checkpoint has learned: its tensors and class names, in hexadecimal.

    The file's own hash would also tell the time, the paths and the speed of its training.
    """
    with quietly(Path(os.devnull)):
        import torch
        from ultralytics.nn.tasks import torch_safe_load

        model = torch_safe_load(weights)[0]["model"]
    digest = hashlib.sha256(repr(model.names).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
