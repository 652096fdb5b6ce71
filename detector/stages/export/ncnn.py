"""ncnn, for phones and small boards."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from detector import measure
from detector.engines.runtimes import LIBRARIES as RUNTIMES
from detector.engines.runtimes import missing
from detector.stages import Job, Pipeline, Place, Result, Section
from detector.stages.export._tolerance import DROP, MaxDrop, Tolerance

LIBRARIES = (*measure.LIBRARIES, "ncnn", "pnnx")
NEEDS = ("convert", "train", "evaluate")


class Options(Section):
    """ncnn's files, run by ncnn on the test images, and compared with the checkpoint."""

    NOT_NAMED = frozenset({"tolerance", "max_drop"})
    using: Literal["ncnn"] = "ncnn"
    half: bool = Field(False, description="weights in fp16")
    tolerance: Tolerance = Field(default_factory=Tolerance, description="largest differences from the checkpoint")
    max_drop: MaxDrop = DROP


def faults(_options: Options, _pipeline: Pipeline) -> Iterator[tuple[Place, str]]:
    """What is not installed here."""
    if lacking := missing("ncnn", "pnnx"):
        yield ("using",), f"{' and '.join(lacking)} not installed: {RUNTIMES['ncnn'].install}"


def run(job: Job[Options]) -> Result:
    """Write <name>.param and .bin, a sidecar, labels.txt and parity.json. Raises GateRefused when it is not as good."""
    from detector.engines.ncnn import load
    from detector.models.quiet import LOG
    from detector.stages.export._finish import finish
    from detector.stages.export._make import make, taken_out
    from detector.stages.export._recipe import Made

    half = {"quantize": 16} if job.options.half else {}
    with _errors_into(job.folder / LOG):
        folder = make(job, format="ncnn", device="cpu", **half)
    files = taken_out(job, folder, {".ncnn.param": ".param", ".ncnn.bin": ".bin"})
    return finish(job, files, load(files[0]), Made("ncnn", "fp16" if half else "fp32", LIBRARIES))


@contextmanager
def _errors_into(log: Path) -> Iterator[None]:
    """Inside, what programs print that are started here goes to `log`: pnnx is one, and tells of every pass."""
    sys.stderr.flush()
    kept = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
