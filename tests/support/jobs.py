"""A job for one stage, made by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from detector.stages import Job, Result, source_of
from tests.support import tiny
from tests.support.quiet import Quiet


class Pipeline:
    """What a stage may know of pipeline.yaml beside its own section. `classes` is as in the file."""

    def __init__(
        self,
        name: str = "blood",
        task: str = "detect",
        classes: Sequence[str] | Mapping[str, Sequence[str]] = tiny.CLASSES,
    ) -> None:
        self.name, self.task, self.measured_on = name, task, "test"
        self.classes = dict(classes) if isinstance(classes, Mapping) else {each: (each,) for each in classes}


def job(folder, options, pipeline=None, registry=None, **inputs):
    """A job in `folder`/step; `inputs` are Results, or the folders of stages that have no more to say."""
    fiftyone = folder.parent / "fiftyone"
    return make_job(
        options, pipeline, inputs, datasets=folder, folder=folder / "step", fiftyone=fiftyone, registry=registry
    )


def make_job(options, pipeline=None, inputs=None, *, datasets, folder, backend=None, report=None, **more):
    """A job of these `options`. With its `backend`, what it looks at is looked at, as a run does."""
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        stage: given if isinstance(given, Result) else Result(Path(given), Path(given).name, "")
        for stage, given in (inputs or {}).items()
    }
    given = {"fiftyone": folder.parent / "fiftyone", "registry": None} | more
    return Job(
        pipeline=pipeline or Pipeline(),
        options=options,
        inputs=results,
        source=source_of(backend, options, datasets) if backend else None,
        datasets=datasets,
        folder=folder,
        report=report or Quiet(),
        **given,
    )
