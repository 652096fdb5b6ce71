"""What an engine is made from, as its sidecar tells it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from detector.data.evaluation import Evaluation
from detector.data.trained import Trained
from detector.engines import sidecar
from detector.engines.batch import Batch
from detector.engines.runtimes import LIBRARIES, Head, Runtime
from detector.stages import Job
from detector.stages.export._targets import in_words
from detector.stages.export._tolerance import Precision
from detector.system.installed import version_of

if TYPE_CHECKING:
    from detector.engines.network import Network
    from detector.stages.export import _rtx

INPUT = "batch, channels, height, width"
CANDIDATES = (
    "batch, values, candidates: centre x, centre y, width and height in pixels of the input, a score 0 … 1 for each "
    "class, and for task segment the mask coefficients; overlapping candidates are not suppressed yet"
)
DETECTIONS = (
    "batch, detections, values: left, top, right and bottom in pixels of the input, a score 0 … 1, the number of the "
    "class, and for task segment the mask coefficients; what has a score of 0 is none"
)
PROTOTYPES = (
    "batch, mask coefficients, height, width: prototypes; a mask is where their sum, each times the candidate's "
    "coefficient, is above 0"
)


class Made(NamedTuple):
    """What a backend made: for which runtime, how precise, with which head, with which libraries."""

    runtime: Runtime
    precision: Precision
    libraries: Sequence[str]
    head: Head = "raw"


def layouts(head: Head) -> tuple[str, str]:
    """What the outputs are."""
    return (CANDIDATES if head == "raw" else DETECTIONS), PROTOTYPES


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """The version of each that is installed."""
    known = {name: version_of(name) for name in libraries}
    return {name: version for name, version in known.items() if version}


def recipe(job: Job[Any], made: Made, network: "Network") -> sidecar.Recipe:
    """What a file was made from that any machine runs which has its runtime; the network is run once, to see it."""
    import numpy as np

    trained = Trained(job.inputs["train"].path).made_from
    batch = network.batch or 1
    outputs = network.run(np.zeros((batch, 3, *trained.sides), np.float32))
    lengths = [batch if network.batch else -1, 3, *trained.sides]
    shapes = [[lengths[0], *output.shape[1:]] for output in outputs]
    described = zip(network.outputs, shapes, layouts(made.head), strict=False)
    return sidecar.Recipe(
        runtime=made.runtime,
        library=version_of(LIBRARIES[made.runtime].distribution) or "",
        libraries=versions(made.libraries),
        precision=made.precision,
        batch=Batch(min=batch, optimum=batch, max=batch) if network.batch else None,
        runs_on=f"any machine with {LIBRARIES[made.runtime].title}",
        weights=trained.fingerprint,
        dataset=trained.dataset,
        task=trained.task,
        classes=trained.classes,
        size=trained.sides,
        input=sidecar.Tensor(name=network.input, shape=lengths, type="float32", layout=INPUT),
        head=made.head,
        outputs=[sidecar.Tensor(name=name, shape=shape, type="float32", layout=of) for name, shape, of in described],
    )


def engine_recipe(job: Job[Any], graph: Path, built: "_rtx.Built", libraries: Sequence[str]) -> sidecar.Recipe:
    """What the engine `built` by TensorRT for RTX from the ONNX file `graph` was made from."""
    options, trained = job.options, Trained(job.inputs["train"].path).made_from
    shape = built.inputs[0].shape
    return sidecar.Recipe(
        runtime="tensorrt_rtx",
        library=version_of(LIBRARIES["tensorrt_rtx"].distribution) or "",
        libraries=versions(libraries),
        precision=options.precision,
        batch=options.batch,
        compute_capabilities=options.compute_capabilities and list(options.compute_capabilities),
        runs_on=f"compute capability {in_words(options.compute_capabilities)}",
        onnx=sidecar.file_of(graph),
        weights=trained.fingerprint,
        dataset=trained.dataset,
        task=trained.task,
        classes=trained.classes,
        size=(shape[2], shape[3]),
        input=_tensor(built.inputs[0], INPUT),
        outputs=[_tensor(output, of) for output, of in zip(built.outputs, layouts("raw"), strict=False)],
    )


def operating_point(job: Job[Any]) -> sidecar.OperatingPoint | None:
    """Where the model is to be used, if it was measured."""
    if "evaluate" not in job.inputs:
        return None
    point = Evaluation(job.inputs["evaluate"].path).measured.operating_point
    return sidecar.OperatingPoint.model_validate({name: point[name] for name in ("score", "precision", "recall")})


def _tensor(tensor: "_rtx.Tensor", layout: str) -> sidecar.Tensor:
    return sidecar.Tensor(name=tensor.name, shape=tensor.shape, type=tensor.type, layout=layout)
