"""From the best checkpoint to a TensorRT engine, on a machine that can build one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector import models
from detector.dataset import Dataset
from detector.errors import DetectorError
from detector.stages import Job, Result
from detector.stages.export._gpu import obstacle
from detector.stages.export._make import make, result
from detector.stages.export._parity import compare
from detector.stages.export._runners import engine_runner

if TYPE_CHECKING:
    from detector.stages.export.tensorrt import Options

BITS = {"fp32": 32, "fp16": 16, "int8": 8}
CALIBRATION = 512  # training images that int8 takes its ranges from, as NVIDIA recommends about 500
LONGEST_HEADER = 1 << 20


def to_engine(job: "Job[Options]") -> Result:
    """See `detector.stages.export.tensorrt.run`."""
    options = job.options
    why = obstacle(options.precision)
    if why is not None:
        return _without(job, why)
    engine = make(job, format="engine", device=0, quantize=BITS[options.precision], **_calibration(job))
    with models.quietly(job.folder / "ultralytics.log"):
        runner = engine_runner(engine)
    parity = compare(job, runner, options.tolerance, options.precision)
    return result(job, [engine, write_plan(engine)], parity)


def _without(job: "Job[Options]", why: str) -> Result:
    if job.options.without_gpu == "fail":
        raise DetectorError(f"no TensorRT engine can be built: {why}. To go on without one, set `without_gpu: skip`")
    return Result(job.folder, f"skipped: {why}", f"skipped: {why}", {"skipped": 1})


def _calibration(job: "Job[Options]") -> dict[str, Any]:
    """int8 needs pictures; without `data` the exporter would take ones that have nothing to do with the model."""
    if job.options.precision != "int8":
        return {}
    dataset = Dataset(job.inputs["convert"].path)
    images = dataset.images["split"].to_pylist().count("train")
    return {"data": str(dataset.data_yaml), "split": "train", "fraction": [min(CALIBRATION, images), 1.0]}


def write_plan(engine: Path) -> Path:
    """<name>.plan beside <name>.engine: the same without Ultralytics' header, as trtexec, Triton and C++ take it."""
    plan = engine.with_suffix(".plan")
    plan.write_bytes(without_header(engine.read_bytes()))
    return plan


def without_header(engine: bytes) -> bytes:
    """The TensorRT plan in an Ultralytics engine: a 4-byte little-endian length, so much JSON, then the plan.

    An engine without that header is a plan already. Source: `onnx2engine` in ultralytics/utils/export/engine.py.
    """
    length = int.from_bytes(engine[:4], "little")
    has_header = length <= LONGEST_HEADER and engine[4:5] == b"{" and engine[3 + length : 4 + length] == b"}"
    return engine[4 + length :] if has_header else engine
