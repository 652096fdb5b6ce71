"""What observes a run, and the contract that it meets. A stage never imports it.

A module here without an underscore is a backend: the `using:` value of the section `record`.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from detector.stages import Result, Section
from detector.stages.services import Registry

if TYPE_CHECKING:
    from detector.data.dataset import Dataset


@dataclass(frozen=True)
class Shown:
    """Where a person sees the record.

    `where` is the address of the run, or the command that starts the page; `runs` the address of the table of all runs.
    """

    where: str
    runs: str

    def __str__(self) -> str:
        return f"{self.where}\n{self.runs}"


@dataclass(frozen=True)
class Kept:
    """A registered version: its number, the folder of the run that measured it last, and an Evaluation's folder."""

    number: str
    run: str
    evaluation: Path


class Recorder(Protocol):
    """The open record of one run. Safe to use from threads."""

    @property
    def registry(self) -> Registry:
        """The registered models of the pipeline."""
        ...

    @property
    def shown(self) -> Shown:
        """Where a person sees the run."""
        ...

    def note_champion(self) -> None:
        """Remember in `detector.data.champion` who is champion. Raises UsageError for one that is of no use."""
        ...

    def deploy_champion(self) -> Path | None:
        """Lay the champion's files into models/ (see detector.data.deployed), as they were kept; None without one."""
        ...

    def parameters(self, values: Mapping[str, object]) -> None:
        """Record parameters. Raises DetectorError for one that was recorded with another value."""
        ...

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Record numbers that were measured at `step`."""
        ...

    def artifact(self, path: Path, folder: str = "") -> None:
        """Keep a file, or a folder with all that is in it, in `folder` of the record."""
        ...

    def stage_begun(self, stage: str) -> None:
        """A stage is at work from now on: where the run fails, that is where."""
        ...

    def stage_done(self, stage: str, result: Result, skipped: bool, costs: Mapping[str, float]) -> None:
        """Record what a stage gave and cost, whether it ran now or had nothing to do."""
        ...

    def dataset(self, dataset: "Dataset") -> None:
        """Record the dataset version as an input of the run."""
        ...

    def verify(self) -> str:
        """Read everything back, and say how much it is. Raises DetectorError that lists what is missing."""
        ...


class Training(Protocol):
    """The open record of one training of a study."""

    run_id: str
    registry: Registry

    def parameters(self, values: Mapping[str, object]) -> None:
        """Record parameters. Raises DetectorError for one that was recorded with another value."""
        ...

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Record numbers that were measured at `step`."""
        ...

    def tags(self, values: Mapping[str, str]) -> None:
        """Record words."""
        ...


class Tuning(Protocol):
    """The open record of a study, which several workers may have open at once."""

    @property
    def shown(self) -> Shown:
        """Where a person sees the study."""
        ...

    def tell(self, parameters: Mapping[str, str], figures: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """What there is to say of the whole study so far."""
        ...

    def keep(self, file: Path) -> None:
        """Keep a file of the study."""
        ...

    def training(self, name: str, folder: Path, before: str | None) -> AbstractContextManager[Training]:
        """The record of one training in `folder`; how the block ends is how it ended.

        `before` is the `run_id` of an earlier try that was killed.
        """
        ...

    def end(self, status: str) -> None:
        """The study is FINISHED, FAILED or KILLED as far as it is recorded, and no worker is at it."""
        ...


class Backend(Protocol):
    """A module that records runs somewhere."""

    Options: type[Section]

    def open(
        self, options: Any, pipeline_name: str, folder: Path, tags: Mapping[str, str]
    ) -> AbstractContextManager[Recorder]:
        """Open the record of the run in `folder`, anew or again; how the block ends is how the run ended."""
        ...

    def tuning(self, options: Any, pipeline_name: str, study: str, alone: bool) -> Tuning:
        """Open the record of a study, anew or again; `alone`: no other worker lives."""
        ...

    def rollback(self, options: Any, pipeline_name: str) -> tuple[str, str]:
        """Make the champion before this one champion again; gives both version numbers, (old, new)."""
        ...

    def kept(self, options: Any, pipeline_name: str, version: str | None, into: Path) -> Kept:
        """What is kept of a registered version, or with None of the champion; its evaluation is brought to `into`.

        Raises UsageError where there is none.
        """
        ...

    def needed(self, options: Any, pipeline_name: str) -> set[str]:
        """The run folders and dataset versions behind the champion and the one that a rollback would name."""
        ...


def names() -> list[str]:
    """The backends, by their `using:` names."""
    return [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]


def load(using: str) -> Backend:
    """The backend `using`. It is cheap to import: MLflow loads when a record is opened."""
    return cast(Backend, importlib.import_module(f"detector.record.{using}"))
