"""TensorRT for RTX engines by TensorRT for RTX, on the first GPU."""

import re
from pathlib import Path
from statistics import median
from typing import Any

import tensorrt_rtx as trt
import torch

from detector.engines import sidecar
from detector.engines.network import Floats, Network
from detector.errors import DetectorError
from detector.system.cache import CACHE
from detector.system.gpus import gpus

TIMED = 50  # runs of a batch that the latency is the median of, after ten that warm up
_ERRORS = (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR)


def load(file: Path) -> Network:
    """The network in an engine. Raises DetectorError where there is no GPU, or the library can't load it."""
    if not gpus():
        runs_on = sidecar.checked(file).made_from.runs_on
        raise DetectorError(
            f"{file} runs on an NVIDIA GPU ({runs_on}), and this machine has none; the ONNX file of the same run runs "
            "on any: --using onnx"
        )
    CACHE.mkdir(parents=True, exist_ok=True)
    return Engine(file, CACHE / "tensorrt-rtx.log").network


class Log(trt.ILogger):  # type: ignore[misc]  # the library has no types
    """What the library says, but for its thousands of verbose lines, goes to a file; its errors are kept."""

    def __init__(self, file: Path) -> None:
        trt.ILogger.__init__(self)
        self.file = file
        self.errors: list[str] = []

    def log(self, severity: Any, message: str) -> None:
        """Called by the library, also when an object of its is deleted."""
        if severity in _ERRORS:
            self.errors.append(message)
        if severity != trt.ILogger.VERBOSE:
            with self.file.open("a", encoding="utf-8") as lines:
                print(f"{severity.name}: {message}", file=lines)

    @property
    def why(self) -> str:
        """The last error, without the places in the library's own source."""
        return re.sub(r"\.? In \w+ at /\S+?(?=\)|$| )", "", self.errors[-1]) if self.errors else "it does not say why"


class Engine:
    """An engine on the first GPU, loaded after its sidecar was checked.

    Raises:
        DetectorError: the sidecar doesn't match, or the library can't load the engine here.
    """

    def __init__(self, file: Path, log: Path) -> None:
        self.made_from = sidecar.checked(file).made_from
        self.batch = self.made_from.batch.optimum if self.made_from.batch else 1
        self._log = Log(log)  # the library wants it for as long as the engine lives
        self._runtime = trt.Runtime(self._log)
        self._engine = self._runtime.deserialize_cuda_engine(file.read_bytes())
        if self._engine is None:
            raise DetectorError(f"{file} can't be loaded on this machine: {self._log.why}; see {log}")
        self._context = self._engine.create_execution_context()
        self._stream = torch.cuda.Stream()

    @property
    def network(self) -> Network:
        """It as any other network, which takes the number of pictures that it is optimised for."""
        outputs = [output.name for output in self.made_from.outputs]
        return Network(self.run, self.made_from.input.name, outputs, self.batch)

    def run(self, pictures: Floats) -> list[Floats]:
        """Run it on a batch."""
        outputs = self._prepare(torch.from_numpy(pictures).cuda())
        self._enqueue()
        self._stream.synchronize()
        return [output.float().cpu().numpy() for output in outputs]

    def milliseconds(self) -> float:
        """The median time of a run on a batch; what is copied to the GPU and back is not counted."""
        self._prepare(torch.zeros(self.batch, *self.made_from.input.shape[1:], device="cuda"))
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
