"""TorchScript, for PyTorch in C++ or without the model's own code."""

from typing import Literal

from pydantic import Field

from detector import measure
from detector.stages import Job, Result, Section
from detector.stages.export._tolerance import DROP, MaxDrop, Tolerance

LIBRARIES = measure.LIBRARIES  # another version of one is a reason to export again
NEEDS = ("convert", "train", "evaluate")


class Options(Section):
    """A TorchScript file, run by PyTorch on the test images, and compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance", "max_drop"})  # they decide whether the file is good, not what is in it
    using: Literal["torchscript"] = "torchscript"
    dynamic: bool = Field(False, description="let batch, height and width vary when the model runs")
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")
    max_drop: MaxDrop = DROP


def run(job: Job[Options]) -> Result:
    """Write <name>.torchscript, its sidecar, labels.txt and parity.json. Raises GateRefused when it is not as good."""
    from detector.engines.torchscript import load  # heavy libraries load here, not at the top
    from detector.stages.export._finish import finish
    from detector.stages.export._make import make
    from detector.stages.export._recipe import Made

    file = make(job, format="torchscript", dynamic=job.options.dynamic, device="cpu")
    return finish(job, [file], load(file), Made("torchscript", "fp32", LIBRARIES))
