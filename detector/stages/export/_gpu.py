"""What a machine needs before it can build TensorRT engines."""

import importlib
import importlib.util
from importlib.metadata import PackageNotFoundError, version

from detector.stages.export._tolerance import Precision
from detector.system.gpus import gpus


def state() -> str:
    """Name and architecture of each NVIDIA GPU, a line for each; empty without one."""
    return "\n".join(f"{gpu.name}, {gpu.capability}" for gpu in gpus())


def obstacle(precision: Precision) -> str | None:
    """Why engines of `precision` can't be built here, and what to do; None when they can."""
    import torch

    if not torch.cuda.is_available():
        return "no CUDA GPU on this machine"
    if importlib.util.find_spec("tensorrt") is None:
        return "TensorRT is not installed: pip install -c constraints.txt -e '.[tensorrt]'"
    if precision != "fp32" and _major() >= 11 and importlib.util.find_spec("modelopt") is None:
        return f"TensorRT {_major()} makes {precision} with ModelOpt, which is missing: pip install -e '.[tensorrt11]'"
    return None


def _major() -> int:
    try:
        return int(version("tensorrt").partition(".")[0])
    except PackageNotFoundError:  # it came with the system, not from PyPI
        return int(importlib.import_module("tensorrt").__version__.partition(".")[0])
