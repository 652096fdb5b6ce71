"""TensorRT, for NVIDIA GPUs: an engine for this machine's GPU and its version of TensorRT, and for no other."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from detector.errors import DetectorError
from detector.stages import Job, Result, Section, Source
from detector.stages.export._tolerance import Precision, Tolerance

LIBRARIES = ("tensorrt", "nvidia-modelopt", "onnx", "onnxslim", "torch", "ultralytics-opencv-headless")


class Options(Section):
    """A TensorRT engine, run on test images and compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance", "without_gpu"})
    using: Literal["tensorrt"] = "tensorrt"
    precision: Precision = Field("fp16", description="int8 is calibrated on the training images")
    without_gpu: Literal["skip", "fail"] = Field(
        "fail", description="on a machine that can't build engines: record that it was skipped, or fail"
    )
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")


def look(options: Options, datasets: Path) -> Source:
    """What this machine would build engines with: an engine fits one kind of GPU."""
    from detector.stages.export._gpu import state

    del options, datasets
    return Source(state())


def run(job: Job[Options]) -> Result:
    """Write <name>.engine (as Ultralytics reads it), <name>.plan (as TensorRT does), labels.txt and parity.json.

    Raises:
        DetectorError: This machine can't build engines, and `without_gpu` is fail.
        GateRefused: The engine differs too much from the checkpoint.
    """
    from detector.data.dataset import Dataset
    from detector.models.quiet import LOG, quietly
    from detector.stages.export._calibration import calibration
    from detector.stages.export._engine import BITS, write_plan
    from detector.stages.export._gpu import obstacle
    from detector.stages.export._make import make, result
    from detector.stages.export._parity import compare
    from detector.stages.export._runners import engine_runner

    options, dataset = job.options, Dataset(job.inputs["convert"].path)
    if why := obstacle(options.precision):
        return _without(job, why)
    pictures = calibration(dataset) if options.precision == "int8" else {}
    engine = make(job, format="engine", device=0, quantize=BITS[options.precision], **pictures)
    with quietly(job.folder / LOG):
        runner = engine_runner(engine)
    parity = compare(job, runner, options.tolerance, options.precision)
    return result(job, [engine, write_plan(engine)], parity)


def _without(job: Job[Options], why: str) -> Result:
    if job.options.without_gpu == "fail":
        raise DetectorError(f"no TensorRT engine can be built: {why}. To go on without one, set `without_gpu: skip`")
    return Result(job.folder, f"skipped: {why}", f"skipped: {why}", {"skipped": 1})
