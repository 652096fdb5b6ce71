"""What an ONNX file says of itself, for those who have nothing but the file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.data.trained import Trained
from detector.engines.sidecar import Preprocessing
from detector.errors import UsageError
from detector.models.quiet import LOG, quietly
from detector.stages import Job
from detector.stages.export._graph import drop_what_chance_wrote, halved, metadata
from detector.stages.export._recipe import layouts, operating_point, versions
from detector.stages.export._suppression import suppressed


def describe(job: Job[Any], file: Path, libraries: Sequence[str]) -> None:
    """Make the exported file reproducible, half and with suppression if asked for, and have it say how it is used.

    Its metadata gets `detector.classes`, `.operating_point`, `.preprocessing`, `.outputs` and `.versions`, in JSON.

    Raises:
        UsageError: it should have an end-to-end head, and has none.
    """
    import onnx

    options, trained = job.options, Trained(job.inputs["train"].path).made_from
    model = onnx.load(file)
    if options.head == "end_to_end" and metadata(model).get("end2end") != "True":
        raise UsageError(f"{trained.model} has no end-to-end head, as yolo26 has; export it with `head: raw` or `nms`")
    drop_what_chance_wrote(model)
    with quietly(job.folder / LOG):
        model = halved(model) if options.half else model
    if options.head == "nms":
        model = suppressed(model, len(trained.classes))
    point = operating_point(job)
    told = {
        "classes": trained.classes,
        "operating_point": point and point.model_dump(),
        "preprocessing": Preprocessing().model_dump(),
        "outputs": layouts(options.head)[: len(model.graph.output)],
        "versions": versions(libraries),
    }
    for name, value in told.items():
        model.metadata_props.add(key=f"detector.{name}", value=json.dumps(value, ensure_ascii=False))
    onnx.save(model, file)
