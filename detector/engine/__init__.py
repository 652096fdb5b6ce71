"""Machines that `detector tune` sends its workers to, and the contract that they meet.

A module here without an underscore is a backend: the `using:` value of the section `engine`. What that section says
shapes no output: a worker on another machine does what one here does, in the same folder.
"""

import importlib
import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from pydantic import Field

from detector.stages import Section


class Machines(Section):
    """What every engine is asked for."""

    workers: int = Field(2, ge=1, description="how many trainings at once")
    cpus: int = Field(1, ge=1, description="CPU cores for each worker")


class Command(NamedTuple):
    """What a worker is: the arguments of `detector`, and the project's folder, the same on every machine.

    `machine` is the one whose project it is: the record tells the same folder of several machines apart.
    """

    arguments: tuple[str, ...]
    folder: Path
    machine: str


class Ended(NamedTuple):
    """How a worker ended: its exit code (below 0, the signal that killed it), what it said of that, and where."""

    code: int
    said: str
    machine: str


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
    return [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]


def load(using: str) -> Engine:
    """The backend `using`. It is cheap to import."""
    return cast(Engine, importlib.import_module(f"{__name__}.{using}"))


def missing(machines: Machines | None) -> str | None:
    """What has to be installed here to reach them, and how; None where nothing has, or where none are asked for."""
    return load(machines.using).missing() if machines else None
