"""What a machine needs before it can build TensorRT engines."""

import importlib
import importlib.util
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from detector.stages.export._tolerance import Precision


def gpus() -> str:
    """Name and architecture of each NVIDIA GPU, a line for each, from nvidia-smi; empty without one."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    query = [tool, "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def obstacle(precision: Precision) -> str | None:
    """Why engines of `precision` can't be built here, and what to do; None when they can."""
    import torch

    if not torch.cuda.is_available():
        return "no CUDA GPU on this machine"
    if importlib.util.find_spec("tensorrt") is None:
        return "TensorRT is not installed: pip install tensorrt"
    if precision != "fp32" and _major() >= 11 and importlib.util.find_spec("modelopt") is None:
        return (
            f"TensorRT {_major()} makes {precision} with ModelOpt, which is missing: pip install nvidia-modelopt[onnx]"
        )
    return None


def _major() -> int:
    try:
        return int(version("tensorrt").partition(".")[0])
    except PackageNotFoundError:  # it came with the system, not from PyPI
        return int(importlib.import_module("tensorrt").__version__.partition(".")[0])
