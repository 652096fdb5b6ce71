"""TensorRT, for NVIDIA GPUs: an engine for this machine's GPU and its version of TensorRT, and for no other."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.stages import Job, Result, Section
from detector.stages.export._tolerance import Precision, Tolerance

LIBRARIES = ("tensorrt", "nvidia-modelopt", "onnx", "onnxslim", "torch", "ultralytics-opencv-headless")


class Options(Section):
    """A TensorRT engine, run on test images and compared with the checkpoint."""

    using: Literal["tensorrt"] = "tensorrt"
    precision: Precision = Field("fp16", description="int8 is calibrated on the training images")
    without_gpu: Literal["skip", "fail"] = Field(
        "fail", description="on a machine that can't build engines: record that it was skipped, or fail"
    )
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")


def state(options: Options, datasets: Path) -> str:
    """What this machine would build engines with: an engine fits one kind of GPU."""
    from detector.stages.export._gpu import gpus

    del options, datasets
    return gpus()


def run(job: Job[Options]) -> Result:
    """Write <name>.engine (as Ultralytics reads it), <name>.plan (as TensorRT does), labels.txt and parity.json.

    Raises:
        DetectorError: This machine can't build engines, and `without_gpu` is fail.
        GateRefused: The engine differs too much from the checkpoint.
    """
    from detector.stages.export._engine import to_engine

    return to_engine(job)
