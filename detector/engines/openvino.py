"""OpenVINO's files (.xml, and .bin beside it) by OpenVINO, on the processor."""

import logging
import sys
from pathlib import Path
from typing import Any

from detector.engines.network import Floats, Network
from detector.models.quiet import cores


def keep_silent() -> None:
    """OpenVINO and NNCF send what they do to Google Analytics while they are imported, if they find the package.

    NNCF prints to the stdout that it met first.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as Python marks what can't be imported
    log = logging.getLogger("nncf")
    log.propagate, log.disabled = False, True


def load(file: Path) -> Network:
    """The network in <name>.xml and <name>.bin. Raises whatever OpenVINO does."""
    keep_silent()
    import openvino

    core = openvino.Core()
    model = core.read_model(file, file.with_suffix(".bin"))
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": cores(), "INFERENCE_PRECISION_HINT": "f32"}
    return network_of(core.compile_model(model, "CPU", settings))


def network_of(compiled: Any) -> Network:
    """A compiled model, to be run."""
    request = compiled.create_infer_request()

    def run(pictures: Floats) -> list[Floats]:
        given = request.infer([pictures])
        return [given[output].copy() for output in compiled.outputs]

    length = compiled.input().get_partial_shape()[0]
    outputs = [_name(output, at) for at, output in enumerate(compiled.outputs)]
    return Network(run, _name(compiled.input(), 0), outputs, None if length.is_dynamic else length.get_length())


def _name(tensor: Any, at: int) -> str:
    """A tensor's name, or its number: OpenVINO gives none to what came from PyTorch."""
    return min(tensor.get_names(), default=str(at))
