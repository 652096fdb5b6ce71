"""ONNX files by ONNX Runtime, on the processor."""

from pathlib import Path

import onnxruntime

from detector.engines.network import Network
from detector.models.quiet import cores


def load(file: Path) -> Network:
    """The network in an ONNX file. Raises whatever ONNX Runtime does."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it raises its errors, and need not print them, too
    options.intra_op_num_threads = cores()
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    (tensor,), outputs = session.get_inputs(), [output.name for output in session.get_outputs()]
    batch = tensor.shape[0] if isinstance(tensor.shape[0], int) else None
    return Network(lambda pictures: list(session.run(outputs, {tensor.name: pictures})), tensor.name, outputs, batch)
