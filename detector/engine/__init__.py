"""Machines that the workers of `detector tune` and the shards of stages are sent to, and the contract that they meet.

A module here without an underscore is a backend: the `using:` value of the section `engine`. What that section says
shapes no output: a worker on another machine does what one here does, in the same folder. `detector.engine.shards` has
the part that stages play.
"""

import importlib
import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from pydantic import Field

from detector.errors import DetectorError, GateRefused, Locked, TryAgain, UsageError
from detector.stages import Section

_FAILURES = {error.exit_code: error for error in (UsageError, GateRefused, Locked, TryAgain)}
AGAIN = 5  # times that each worker is started anew which was cut short


class Machines(Section):
    """What every engine is asked for."""

    workers: int = Field(2, ge=1, description="how many trainings, or shards of a stage, at once")
    cpus: int = Field(1, ge=1, description="CPU cores for each worker")


class Command(NamedTuple):
    """What a worker is: a module of Python's with arguments, and the project's folder, the same on every machine.

    `machine` is the one whose project it is: the record tells the same folder of several machines apart. `gpu` says
    whether it has the GPUs that the options ask for, or none; `cores` is how many it may use, None for all that it has.
    """

    module: str
    arguments: tuple[str, ...]
    folder: Path
    machine: str
    gpu: bool = True
    cores: int | None = None


class Ended(NamedTuple):
    """How a worker ended: its exit code (below 0, the signal that killed it), what it said of that, and where."""

    code: int
    said: str
    machine: str

    @property
    def was_cut_short(self) -> bool:
        """Whether the same worker may do better the next time."""
        return self.code < 0 or self.code == TryAgain.exit_code

    def failure(self, what: str) -> DetectorError:
        """The error that ended it; `what` is said before its own words."""
        return _FAILURES.get(self.code, DetectorError)(f"{what} on {self.machine} ended: {self.said}")


Job = Callable[[], Ended | None]  # how a worker ended; None while it is at work, or waits for its turn; or TryAgain


class Cluster(NamedTuple):
    """Machines that were reached. `about` tells a person which, and `start` asks for a worker.

    Where the machine of a worker is lost, it starts on another by itself.
    """

    about: str
    start: Callable[[Command], Job]


class Engine(Protocol):
    """A backend."""

    Options: type[Section]

    def missing(self) -> str | None:
        """What has to be installed on this machine first, and how."""
        ...

    def cluster(self, options: Any, logs: Path) -> AbstractContextManager[Cluster]:
        """The machines, within the block; its end stops the workers that are left. What they print goes to `logs`.

        Raises:
            TryAgain: They can't be reached now.
        """
        ...


def names() -> list[str]:
    """Every backend, by its `using:` name."""
    modules = [module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg]
    return [name for name in modules if not name.startswith("_")]


def load(using: str) -> Engine:
    """The backend `using`. It is cheap to import."""
    return cast(Engine, importlib.import_module(f"{__name__}.{using}"))


def missing(machines: Machines | None) -> str | None:
    """What has to be installed here to reach them, and how; None where nothing has, or where none are asked for."""
    return load(machines.using).missing() if machines else None
