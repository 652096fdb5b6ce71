"""From a file that was made to the result of an export: compared, measured, timed, and described in its sidecar."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from detector.engines import sidecar
from detector.engines.detector import Detector
from detector.engines.network import Network
from detector.engines.runtimes import LIBRARIES
from detector.stages import Job, Result
from detector.stages.export._judged import judge
from detector.stages.export._make import result
from detector.stages.export._parity import compare
from detector.stages.export._recipe import Made, operating_point, recipe
from detector.stages.export._runners import one_by_one


def finish(job: Job[Any], files: Sequence[Path], network: Network, made: Made) -> Result:
    """What an export gives: `files`, the first of them the one to load.

    The candidates of a raw head are compared with the checkpoint's first, which takes a moment; then it is measured.

    Raises:
        GateRefused: it differs too much from the checkpoint, or is worse by more than `max_drop`.
    """
    described = recipe(job, made, network)
    parity = compare(job, one_by_one(network), job.options.tolerance, made.precision) if made.head == "raw" else None
    detector = Detector(network, made.head, len(described.classes), described.size)
    judged = judge(job, detector, LIBRARIES[made.runtime].title)
    beside = sidecar.write(files[0], described, operating_point(job), list(files[1:]), judged.figures)
    export = result(job, [*files, beside], parity, len(files))
    return replace(export, figures={**export.figures, **judged.figures}, notes=[*export.notes, *judged.notes])
