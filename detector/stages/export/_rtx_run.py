"""Whether a TensorRT for RTX engine fits this machine's GPU."""

from pathlib import Path

import tensorrt_rtx as trt
import torch

from detector.engines.tensorrt_rtx import Log


def gpu() -> str | None:
    """Name and compute capability of the first GPU, or None without one."""
    if not torch.cuda.is_available():
        return None
    major, minor = torch.cuda.get_device_capability(0)
    return f"{torch.cuda.get_device_name(0)} (compute capability {major}.{minor})"


def misfit(engine: Path, log: Path) -> str | None:
    """Why the first GPU can't run the engine, by the library's own names of the reasons; None when it can."""
    validity, reasons = trt.Runtime(Log(log)).get_engine_validity(engine.read_bytes())
    if validity != trt.EngineValidity.INVALID:
        return None
    return reasons_in_words(reasons)


def reasons_in_words(reasons: int) -> str:
    """The names of the bits that `get_engine_validity` sets."""
    known = trt.EngineInvalidityDiagnostics.__members__.items()
    return ", ".join(name for name, bit in known if reasons & int(bit.value)) or "no reason given"
