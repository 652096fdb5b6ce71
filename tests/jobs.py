"""A job for one stage, made by hand."""

from dataclasses import dataclass, field

from detector.stages import Job, Result
from tests import tiny
from tests.quiet import Quiet


@dataclass(frozen=True)
class Pipeline:
    """What a stage may know of pipeline.yaml."""

    name: str = "blood"
    task: str = "detect"
    classes: dict = field(default_factory=lambda: {name: (name,) for name in tiny.CLASSES})


def job(folder, options, pipeline=None, registry=None, **inputs):
    """`inputs` are Results, or the folders of stages that have no more to say."""
    place = folder / "step"
    place.mkdir(parents=True, exist_ok=True)
    results = {
        stage: given if isinstance(given, Result) else Result(given, given.name, "") for stage, given in inputs.items()
    }
    return Job(pipeline or Pipeline(), options, results, folder, place, Quiet(), registry)
