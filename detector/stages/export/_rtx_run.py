"""A TensorRT for RTX engine on this machine's GPU: whether it fits, and how it is run."""

from pathlib import Path
from statistics import median

import tensorrt_rtx as trt
import torch

from detector.engines import sidecar
from detector.engines.network import Floats
from detector.errors import DetectorError
from detector.stages.export._rtx import Log
from detector.stages.export._runners import Raw

TIMED = 50  # runs of one picture that the latency is the median of, after ten that warm up


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


class Engine:
    """A Runner: an engine on the first GPU, loaded after its sidecar was checked.

    Raises:
        DetectorError: the sidecar doesn't match, or the library can't load the engine here.
    """

    def __init__(self, file: Path, log: Path) -> None:
        self.made_from = sidecar.checked(file).made_from
        self._smallest = self.made_from.batch.min if self.made_from.batch else 1
        self._log = Log(log)  # the library wants it for as long as the engine lives
        self._runtime = trt.Runtime(self._log)
        self._engine = self._runtime.deserialize_cuda_engine(file.read_bytes())
        if self._engine is None:
            raise DetectorError(f"{file} can't be loaded on this machine: {self._log.why}; see {log}")
        self._context = self._engine.create_execution_context()
        self._stream = torch.cuda.Stream()

    def __call__(self, picture: Floats) -> Raw:
        """Run it on a picture."""
        batch = torch.from_numpy(picture).repeat(self._smallest, 1, 1, 1).cuda()
        outputs = self._prepare(batch)
        self._enqueue()
        self._stream.synchronize()
        candidates, *prototypes = (output[0].float().cpu().numpy() for output in outputs)
        return Raw(candidates.T, prototypes[0] if prototypes else None)

    def milliseconds(self) -> float:
        """The median time of a run on the smallest batch; what is copied to the GPU and back is not counted."""
        self._prepare(torch.zeros(self._smallest, *self.made_from.input.shape[1:], device="cuda"))
        times = []
        for _ in range(10 + TIMED):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record(self._stream)
            self._enqueue()
            end.record(self._stream)
            end.synchronize()
            times.append(start.elapsed_time(end))
        return float(median(times[10:]))

    def _prepare(self, batch: torch.Tensor) -> list[torch.Tensor]:
        """Tell the engine where its input lies and its outputs go; they are given in the order of the sidecar."""
        self._context.set_input_shape(self.made_from.input.name, tuple(batch.shape))
        names = [output.name for output in self.made_from.outputs]
        types = [getattr(torch, output.type) for output in self.made_from.outputs]
        shapes = [tuple(self._context.get_tensor_shape(name)) for name in names]
        outputs = [torch.empty(shape, dtype=kind, device="cuda") for shape, kind in zip(shapes, types, strict=True)]
        for name, tensor in zip([self.made_from.input.name, *names], [batch, *outputs], strict=True):
            self._context.set_tensor_address(name, tensor.data_ptr())
        self._held = [batch, *outputs]  # the engine keeps addresses only
        torch.cuda.synchronize()
        return outputs

    def _enqueue(self) -> None:
        if not self._context.execute_async_v3(self._stream.cuda_stream):
            raise DetectorError(f"the engine can't be run on this machine: {self._log.why}; see {self._log.file}")
