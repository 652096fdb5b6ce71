"""TorchScript, for PyTorch in C++ or without the model's own code."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector.stages import Job, Result, Section
from detector.stages.export._tolerance import Tolerance

if TYPE_CHECKING:
    from detector.stages.export._runners import Floats, Raw, Runner

LIBRARIES = ("torch", "ultralytics-opencv-headless")  # another version of one is a reason to export again


class Options(Section):
    """A TorchScript file, run by PyTorch on test images and compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance"})  # it decides whether the file is good, not what is in it
    using: Literal["torchscript"] = "torchscript"
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")


def run(job: Job[Options]) -> Result:
    """Write <name>.torchscript, labels.txt and parity.json. Raises GateRefused when it differs too much."""
    from detector.stages.export._make import make, result  # heavy libraries load here, not at the top
    from detector.stages.export._parity import compare

    file = make(job, format="torchscript", device="cpu")
    parity = compare(job, _runner(file), job.options.tolerance, "fp32")
    return result(job, [file], parity)


def _runner(file: Path) -> "Runner":
    """The file, as something that takes a picture and gives boxes and scores."""
    import torch

    from detector.stages.export._runners import raw

    network = torch.jit.load(file)

    def on(picture: "Floats") -> "Raw":
        with torch.inference_mode():
            outputs = network(torch.from_numpy(picture))
        return raw([part.numpy() for part in (outputs if isinstance(outputs, tuple) else (outputs,))])

    return on
