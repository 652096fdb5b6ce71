"""TensorRT for RTX itself: an engine from an ONNX file, on a machine with or without a GPU."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorrt_rtx as trt

from detector.engines.batch import Batch
from detector.engines.tensorrt_rtx import Log
from detector.errors import DetectorError


class Tensor(NamedTuple):
    """An input or output of a network; -1 in `shape` is the batch, where it varies. `type` is as NumPy calls it."""

    name: str
    shape: list[int]
    type: str


class Built(NamedTuple):
    """An engine, and what goes in and out of it."""

    engine: bytes
    inputs: list[Tensor]
    outputs: list[Tensor]


def build(graph: Path, batch: Batch, capabilities: Sequence[float] | None, log: Path) -> Built:
    """Build an engine that takes `batch` pictures, for GPUs of these compute capabilities; None is the portable set.

    Raises:
        DetectorError: the library can't read the graph, or can't build it for these GPUs.
    """
    logger = Log(log)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    _parse(graph, network, logger)
    config = builder.create_builder_config()
    _aim(config, capabilities)
    if batch.varies:
        config.add_optimization_profile(_profile(builder, network, batch))
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise DetectorError(
            f"TensorRT for RTX can't build an engine from {graph.name}: {logger.why}{_hint(capabilities)}; see {log}"
        )
    inputs = [_tensor(network.get_input(index)) for index in range(network.num_inputs)]
    outputs = [_tensor(network.get_output(index)) for index in range(network.num_outputs)]
    return Built(bytes(engine), inputs, outputs)


def _parse(graph: Path, network: Any, logger: Log) -> None:
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(graph)):
        faults = "; ".join(_fault(parser.get_error(index)) for index in range(parser.num_errors))
        raise DetectorError(f"TensorRT for RTX can't read {graph.name}: {faults or logger.why}; see {logger.file}")


def _fault(error: Any) -> str:
    """What the parser says of one node, in one line."""
    text = " ".join(error.desc().split())
    return f"{text} (node {error.node_name()}, {error.node_operator()})" if error.node_name() else text


def _aim(config: Any, capabilities: Sequence[float] | None) -> None:
    if capabilities is None:
        return
    config.num_compute_capabilities = len(capabilities)
    for index, capability in enumerate(capabilities):
        config.set_compute_capability(trt.ComputeCapability(round(capability * 10)), index)


def _hint(capabilities: Sequence[float] | None) -> str:
    turing = capabilities is not None and 7.5 in capabilities
    return ". Turing takes most networks in `precision: fp16` only; or leave 7.5 out" if turing else ""


def _profile(builder: Any, network: Any, batch: Batch) -> Any:
    profile, tensor = builder.create_optimization_profile(), network.get_input(0)
    shapes = [(count, *tuple(tensor.shape)[1:]) for count in (batch.min, batch.optimum, batch.max)]
    profile.set_shape(tensor.name, *shapes)
    return profile


def _tensor(tensor: Any) -> Tensor:
    return Tensor(tensor.name, list(tensor.shape), str(trt.nptype(tensor.dtype).__name__))
