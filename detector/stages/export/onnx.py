"""ONNX, for onnxruntime, OpenVINO, TensorRT and most other runtimes."""

from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from detector import measure
from detector.engines.runtimes import Head
from detector.stages import Job, Result, Section
from detector.stages.export._tolerance import DROP, MaxDrop, Tolerance

LIBRARIES = (*measure.LIBRARIES, "onnx", "onnxruntime", "onnxslim", "onnxconverter-common")
NEEDS = ("convert", "train", "evaluate")


class Options(Section):
    """An ONNX file, run by onnxruntime on the test images, and compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance", "max_drop", "triton"})
    using: Literal["onnx"] = "onnx"
    dynamic: bool = Field(False, description="let batch, height and width vary when the model runs")
    half: bool = Field(False, description="weights and layers in fp16; input and outputs stay fp32")
    opset: int | None = Field(None, ge=13, le=23, description="of ONNX's operators; left out, what PyTorch does best")
    head: Head = Field(
        "raw",
        description="what comes out: every candidate; the objects of a network that needs no suppression of overlaps, "
        "as yolo26; or those that ONNX's NonMaxSuppression, which is in the file then, leaves of any network",
    )
    triton: bool = Field(False, description="write a model repository for NVIDIA's Triton server, too")
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")
    max_drop: MaxDrop = DROP

    @model_validator(mode="after")
    def _one_at_a_time(self) -> "Options":
        if self.head == "nms" and self.dynamic:
            raise ValueError(
                "head: nms takes one picture of one size at a time; leave out dynamic, or take another head"
            )
        return self


def run(job: Job[Options]) -> Result:
    """Write <name>.onnx, its sidecar, labels.txt, parity.json of a raw head, and triton/ where it is asked for.

    Raises:
        UsageError: the network has no end-to-end head, and `head` asks for it.
        GateRefused: it differs from the checkpoint, or is worse by more than `max_drop`.
    """
    from detector.engines.onnx import load
    from detector.stages.export._finish import finish
    from detector.stages.export._make import make
    from detector.stages.export._metadata import describe
    from detector.stages.export._recipe import Made
    from detector.stages.export._triton import repository

    options = job.options
    head = {"nms": False} if options.head == "end_to_end" else {}  # as Ultralytics calls it
    opset = {"opset": options.opset} if options.opset else {}
    file = make(job, format="onnx", dynamic=options.dynamic, device="cpu", **opset, **head)
    describe(job, file, LIBRARIES)
    made = Made("onnx", "fp16" if options.half else "fp32", LIBRARIES, options.head)
    done = finish(job, [file], load(file), made)
    if not options.triton:
        return done
    more = {
        f"export/{options.variant}/{place}": files
        for place, files in repository(file, job.folder / "labels.txt").items()
    }
    return replace(done, artifacts={**done.artifacts, **more})
