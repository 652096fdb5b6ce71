"""The stages, their order, and what a backend is.

A folder here is a stage; a module in it is a backend, named as its `using:` value in pipeline.yaml. (A module whose
name starts with an underscore is shared by its neighbours and is no backend.) A backend has:

    class Options(Section)        its part of pipeline.yaml; the docstring becomes the schema's description
    LIBRARIES = ("torch", ...)    distributions whose version shapes the output
    def run(job: Job[Options]) -> Result
    def faults(options, pipeline) -> Iterator[tuple[path, message]]       optional: what the schema can't say
    def resumable(folder) -> bool                optional: whether a job cut short in this folder can go on there
    def state(options, datasets) -> str          optional: what else the output hangs on (a source, a kind of GPU), now

A stage is a function of files: it takes paths and options, gives paths and figures, and imports no other stage.
Importing a backend is cheap; what is heavy is imported inside `run`.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from detector.report import Registry, Report
from detector.task import Task

ORDER = ("pull", "convert", "check", "train", "evaluate", "export", "promote")


class Section(BaseModel):
    """What every backend's part of pipeline.yaml has: the backend's name. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    using: str


class Pipeline(Protocol):
    """What a backend may know of pipeline.yaml beside its own section."""

    @property
    def name(self) -> str: ...
    @property
    def task(self) -> Task: ...
    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        """Class name to the source labels that mean it; the order is the YOLO class id."""
        ...


@dataclass(frozen=True)
class Result:
    """What a stage gives: a folder, and what there is to say of it.

    `id` identifies the content: stages downstream run again when it changes. `figures` are numbers worth comparing
    between runs; `artifacts` maps a folder in the record to the files that belong there. `images` is how many pictures
    the stage went through, each epoch's counted, where its speed is worth a figure.
    """

    path: Path
    id: str
    summary: str
    figures: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, list[Path]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    images: int = 0


OptionsT = TypeVar("OptionsT", bound=Section)


@dataclass(frozen=True)
class Job(Generic[OptionsT]):
    """What a stage is given.

    `datasets` is this project's folder under datasets/; `folder` is this step's own place in the run folder, empty at
    the start but for a resumable backend. `inputs` holds the results of earlier stages by stage name. `forced` is what
    `--force` asks for: do everything anew, whatever an earlier run left.
    """

    pipeline: Pipeline
    options: OptionsT
    inputs: Mapping[str, Result]
    datasets: Path
    folder: Path
    report: Report
    registry: Registry
    forced: bool = False


class Backend(Protocol):
    """A module in a stage's folder."""

    Options: type[Section]
    LIBRARIES: tuple[str, ...]

    def run(self, job: Job[Any]) -> Result:
        """Do the work of the stage."""
        ...


def names(stage: str) -> list[str]:
    """The backends of `stage`, by their `using:` names."""
    package = importlib.import_module(f"detector.stages.{stage}")
    return [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]


def load(stage: str, using: str) -> Backend:
    """The backend `using` of `stage`. It is cheap to import: heavy parts load when it runs."""
    return cast(Backend, importlib.import_module(f"detector.stages.{stage}.{using}"))


def faults_of(backend: Backend, options: Section, pipeline: Pipeline) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What the backend finds wrong beyond its schema: a path inside its section, and a message."""
    check = getattr(cast(ModuleType, backend), "faults", None)
    return iter(()) if check is None else check(options, pipeline)
