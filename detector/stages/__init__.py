"""The stages, and what a backend is: the contract between the run and everything that it does.

A folder here is a stage; a module in it is a backend, named as its `using:` value in pipeline.yaml. (A module whose
name starts with an underscore is shared by its neighbours and is no backend.) A backend has:

    class Options(Section)        its part of pipeline.yaml; the docstring becomes the schema's description
    LIBRARIES = ("torch", ...)    distributions whose version shapes the output
    def run(job: Job[Options]) -> Result
    def faults(options, pipeline) -> Iterator[tuple[path, message]]       optional: what the schema can't say
    def foresee(options, pipeline, inputs)       optional: raises UsageError for what the results so far rule out,
                                                 before a stage in between spends its time
    def remarks(options, pipeline) -> Iterator[str]     optional: what to know before it runs; `validate` shows it
    def so_far(folder) -> str | None             optional: what a job has done that was cut short in this folder, if it
                                                 can go on there: `epoch 11`
    def derived(options, inputs)                 optional: what it derives from its inputs for options that are left
                                                 out, name → {value, why}; `plan` shows it
    def kept(result) -> Kept                     optional: the files that the result stands on, where those are not just
                                                 the files below its path
    NEEDS = ("convert", ...)     optional: the stages whose results it takes, where those are not its stage's (NEEDS)
    def search(options, dataset) -> Search       optional: what `detector tune` tries (detector.stages.train._search)
    def look(options, datasets) -> Source        optional: what else the output depends on (a source, a kind of GPU)

A stage is a function of files: it takes paths and options, gives paths and figures, and imports no other stage. What it
may touch beside files is in `detector.stages.services`. Importing a backend is cheap; what is heavy is imported inside
`run`.
"""

import importlib
import json
import os
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from detector.data.places import FIFTYONE_MADE
from detector.stages.services import Registry, Report
from detector.system.files import CACHES
from detector.system.shards import Shards, alone
from detector.terms import Task

Place = tuple[str | int, ...]  # keys inside a section
NEEDS: Mapping[str, tuple[str, ...]] = {  # stage → those whose results it takes
    "pull": (),
    "convert": ("pull",),
    "check": ("convert",),
    "train": ("convert",),
    "evaluate": ("convert", "train"),
    "export": ("convert", "train"),
    "promote": ("convert", "train", "evaluate"),
}


class Section(BaseModel):
    """What every backend's part of pipeline.yaml has: the backend's name. Unknown keys are refused.

    `NOT_NAMED` are the options that don't say what is made, but what happens if that fails; `SHAPE_NOTHING` are those
    that are no reason to make it again: where it is trained, say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    NOT_NAMED: ClassVar[frozenset[str]] = frozenset()
    SHAPE_NOTHING: ClassVar[frozenset[str]] = frozenset()
    using: str

    @property
    def variant(self) -> str:
        """What tells this from another entry of the same backend: `onnx`, or `onnx-dynamic` where options differ."""
        fields = type(self).model_fields
        options = [
            f"-{_word(name, value)}"
            for name, value in self
            if name not in {"using", *self.NOT_NAMED} and value != fields[name].get_default(call_default_factory=True)
        ]
        return self.using + "".join(options)


def _word(name: str, value: object) -> str:
    """An option in a name: a word stands for itself, and so does what is switched on."""
    if isinstance(value, str):
        return value
    text = "" if value is True else "off" if value is False else json.dumps(value, default=str)
    return re.sub(r"[^a-z0-9.]+", "-", f"{name}{text}".lower()).strip("-")


class Pipeline(Protocol):
    """What a backend may know of pipeline.yaml beside its own section."""

    @property
    def name(self) -> str: ...
    @property
    def task(self) -> Task: ...
    @property
    def measured_on(self) -> str:
        """The split that `evaluate` measures on."""
        ...

    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        """Class name to the source labels that mean it; the order is the YOLO class id."""
        ...


@dataclass(frozen=True)
class Result:
    """What a stage gives: a folder, and what there is to say of it.

    `id` identifies the content: stages downstream run again when it changes. `figures` are numbers worth comparing
    between runs; `parameters` are what shaped them, as it was really used. `artifacts` maps a folder in the record to
    the files that belong there. `images` is how many pictures the stage went through, each epoch's counted, where its
    speed is worth a figure. `left` is the state of the step's `Source` after it, where the step itself changes that.
    `changes` counts what is not as the step gave it the last time: of interest when it runs, and not when it is reused.
    """

    path: Path
    id: str
    summary: str
    figures: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, list[Path]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    images: int = 0
    left: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """The files that a result stands on: where one is not what it was, the step runs again.

    `hashes` are the SHA-256 of those of which it is known; the others are read. In `folders` there is nothing else.
    """

    files: Iterable[Path]
    hashes: Mapping[Path, str] = field(default_factory=dict)
    folders: Iterable[Path] = ()


@dataclass(frozen=True)
class Source:
    """What a step depends on beside its inputs, as it is now: an export, a server, a kind of GPU.

    `state` changes whenever it does. `content` is what had to be read to find that out, so that `run` need not read it
    again. `name` is what a person calls it.
    """

    state: str
    content: object = None
    name: str = "the source"


OptionsT = TypeVar("OptionsT", bound=Section)


@dataclass(frozen=True)
class Job(Generic[OptionsT]):
    """What a stage is given.

    `inputs` holds the results of earlier stages by stage name, and `source` what `look` gave. `datasets` is this
    project's folder under datasets/; `folder` is this step's own place in the run folder, empty at the start but for a
    resumable backend. `fiftyone` is where FiftyOne's database lies. `forced` is what `--force` asks for: do everything
    anew, whatever an earlier run left. `before` is what the step gave the last time, with the same options. `shards`
    does work on many images, here or on other machines.
    """

    pipeline: Pipeline
    options: OptionsT
    inputs: Mapping[str, Result]
    source: Source | None
    datasets: Path
    folder: Path
    fiftyone: Path
    report: Report
    registry: Registry
    forced: bool = False
    before: Result | None = None
    shards: Shards = alone


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


def needs(stage: str, backend: Backend) -> tuple[str, ...]:
    """The stages whose results the backend takes."""
    return tuple(_optional(backend, "NEEDS", NEEDS[stage]))


def _optional(backend: Backend, name: str, absent: Any) -> Any:
    """What the backend has under an optional name of the contract."""
    return getattr(cast(ModuleType, backend), name, absent)


def faults_of(backend: Backend, options: Section, pipeline: Pipeline) -> Iterator[tuple[Place, str]]:
    """What the backend finds wrong beyond its schema: a path inside its section, and a message."""
    return iter(_optional(backend, "faults", lambda *_: ())(options, pipeline))


def remarks_of(backend: Backend, options: Section, pipeline: Pipeline) -> Iterator[str]:
    """What a person should know before the backend runs."""
    return iter(_optional(backend, "remarks", lambda *_: ())(options, pipeline))


def derived(backend: Backend, options: Section, inputs: Mapping[str, Result]) -> Mapping[str, Mapping[str, Any]]:
    """What the backend derives from its inputs for options that are left out: name → value and why."""
    return cast(Mapping[str, Mapping[str, Any]], _optional(backend, "derived", lambda *_: {})(options, inputs))


def foresee(backend: Backend, options: Section, pipeline: Pipeline, inputs: Mapping[str, Result]) -> None:
    """Raise UsageError if the results so far rule out that the backend can do its work."""
    _optional(backend, "foresee", lambda *_: None)(options, pipeline, inputs)


def source_of(backend: Backend, options: Section, datasets: Path) -> Source | None:
    """What the step depends on beside its inputs, as it is now; None where that is nothing."""
    return cast(Source | None, _optional(backend, "look", lambda *_: None)(options, datasets))


def kept_of(backend: Backend, result: Result) -> Kept:
    """The files that a result of the backend stands on; a log may grow."""
    return cast(Kept, _optional(backend, "kept", lambda each: Kept(below(each.path)))(result))


def kept_and_shown(result: Result) -> Kept:
    """Its files, and the database of FiftyOne that shows it: one that took its place has nothing of it."""
    return Kept([*below(result.path), *filter(Path.exists, [FIFTYONE_MADE])])


def below(folder: Path) -> Iterator[Path]:
    """The files in a folder and its folders, but for logs and what Ultralytics puts by to be faster."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if not name.endswith((".log", *CACHES)))


def so_far(backend: Backend, folder: Path) -> str | None:
    """What a job has done that was cut short in `folder`, if it can go on from what it left there."""
    return cast(str | None, _optional(backend, "so_far", lambda _: None)(folder))
