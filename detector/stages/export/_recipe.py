"""What an engine is made from, as its sidecar tells it."""

from pathlib import Path
from typing import Any

from detector.data.evaluation import Evaluation
from detector.data.trained import Trained
from detector.stages import Job
from detector.stages.export import _rtx, _sidecar
from detector.stages.export._targets import in_words

LAYOUTS = (
    "batch, values, candidates: centre x, centre y, width and height in pixels of the input, a score 0 … 1 for each "
    "class, and for task segment the mask coefficients; overlapping candidates are not suppressed yet",
    "batch, mask coefficients, height, width: prototypes; a mask is where their sum, each times the candidate's "
    "coefficient, is above 0",
)


def recipe(job: Job[Any], graph: Path, built: _rtx.Built) -> _sidecar.Recipe:
    """What the engine `built` from the ONNX file `graph` was made from."""
    options, trained = job.options, Trained(job.inputs["train"].path).made_from
    return _sidecar.Recipe(
        library=_rtx.VERSION,
        precision=options.precision,
        batch=options.batch,
        compute_capabilities=options.compute_capabilities and list(options.compute_capabilities),
        runs_on=f"compute capability {in_words(options.compute_capabilities)}",
        onnx=_sidecar.file_of(graph),
        weights=trained.fingerprint,
        dataset=trained.dataset,
        task=trained.task,
        classes=trained.classes,
        input=_tensor(built.inputs[0], "batch, channels, height, width"),
        outputs=[_tensor(output, layout) for output, layout in zip(built.outputs, LAYOUTS, strict=False)],
    )


def operating_point(job: Job[Any]) -> _sidecar.OperatingPoint | None:
    """Where the model is to be used, if it was measured."""
    if "evaluate" not in job.inputs:
        return None
    point = Evaluation(job.inputs["evaluate"].path).measured.operating_point
    return _sidecar.OperatingPoint.model_validate({name: point[name] for name in ("score", "precision", "recall")})


def _tensor(tensor: _rtx.Tensor, layout: str) -> _sidecar.Tensor:
    return _sidecar.Tensor(name=tensor.name, shape=tensor.shape, type=tensor.type, layout=layout)
