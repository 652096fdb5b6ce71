"""OpenVINO, for Intel's processors, graphics and NPUs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from detector import measure
from detector.engines.runtimes import LIBRARIES as RUNTIMES
from detector.engines.runtimes import missing
from detector.stages import Job, Pipeline, Place, Result, Section
from detector.stages.export._tolerance import DROP, MaxDrop, Precision, Tolerance
from detector.terms import counted

LIBRARIES = (*measure.LIBRARIES, "openvino", "nncf")
NEEDS = ("convert", "train", "evaluate")
BITS: dict[Precision, dict[str, Any]] = {"fp32": {}, "fp16": {"quantize": 16}, "int8": {}}


class Options(Section):
    """OpenVINO's files, run by OpenVINO on the test images, and compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance", "max_drop"})
    using: Literal["openvino"] = "openvino"
    precision: Precision = Field(
        "fp32",
        description="fp16 is of the weights; int8 is by NNCF, calibrated on the training images, and leaves out layers "
        "that would cost more than max_drop on val",
    )
    dynamic: bool = Field(False, description="let batch, height and width vary when the model runs")
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")
    max_drop: MaxDrop = DROP


def faults(options: Options, _pipeline: Pipeline) -> Iterator[tuple[Place, str]]:
    """What is not installed here."""
    wanted = ("openvino", "nncf") if options.precision == "int8" else ("openvino",)
    if lacking := missing(*wanted):
        yield ("using",), f"{' and '.join(lacking)} not installed: {RUNTIMES['openvino'].install}"


def run(job: Job[Options]) -> Result:
    """Write <name>.xml and .bin, the sidecar, labels.txt and parity.json. Raises GateRefused when it is not as good."""
    from detector.data.dataset import Dataset
    from detector.data.trained import Trained
    from detector.engines.openvino import keep_silent, load
    from detector.models.quiet import LOG, quietly
    from detector.stages.export._finish import finish
    from detector.stages.export._int8 import quantize
    from detector.stages.export._make import make, taken_out
    from detector.stages.export._recipe import Made

    options = job.options
    keep_silent()
    folder = make(job, format="openvino", dynamic=options.dynamic, device="cpu", **BITS[options.precision])
    files = taken_out(job, folder, {".xml": ".xml", ".bin": ".bin"})
    kept = 0
    if options.precision == "int8":
        size = Trained(job.inputs["train"].path).made_from.sides
        with quietly(job.folder / LOG):
            kept = quantize(files[0], Dataset(job.inputs["convert"].path), size, options.max_drop)
    result = finish(job, files, load(files[0]), Made("openvino", options.precision, LIBRARIES))
    said = f"{counted(kept, 'layer')} would cost too much accuracy on val in int8, and stayed in floating point"
    return replace(result, notes=[said, *result.notes]) if kept else result
