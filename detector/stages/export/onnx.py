"""ONNX, for onnxruntime, OpenVINO, TensorRT and most other runtimes."""

from typing import Literal

from pydantic import Field

from detector.stages import Job, Result, Section
from detector.stages.export._tolerance import Tolerance

LIBRARIES = ("onnx", "onnxruntime", "onnxslim", "torch", "ultralytics-opencv-headless")


class Options(Section):
    """An ONNX file, run by onnxruntime on test images and compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance"})
    using: Literal["onnx"] = "onnx"
    dynamic: bool = Field(False, description="let batch, height and width vary when the model runs")
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")


def run(job: Job[Options]) -> Result:
    """Write <name>.onnx, labels.txt and parity.json. Raises GateRefused when it differs from the checkpoint."""
    from detector.stages.export._make import make, result
    from detector.stages.export._parity import compare
    from detector.stages.export._runners import onnx_runner

    file = make(job, format="onnx", dynamic=job.options.dynamic, device="cpu")
    parity = compare(job, onnx_runner(file), job.options.tolerance, "fp32")
    return result(job, [file], parity)
