"""Workers as tasks on a Ray cluster that is there; Ray starts those of a lost machine on another."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, Literal, cast

from pydantic import Field, field_validator

from detector.engine import Cluster, Command, Ended, Job, Machines
from detector.engine._worker import TO_END
from detector.errors import TryAgain
from detector.system.installed import version_of
from detector.terms import counted

LOST = "engine: the head of the Ray cluster is lost; start it again; what is done is not done again"


class Options(Machines):
    """Workers as tasks on a Ray cluster that is there."""

    using: Literal["ray"] = "ray"
    address: str = Field(
        "auto",
        description="HOST:PORT of its head; auto: the cluster that this machine, or this Ray job, belongs to",
    )
    gpus: float = Field(1, ge=0, description="GPUs for each worker; 0.5: two of them share one")

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        if not re.fullmatch(r"auto|[\w.-]+:\d+", address):
            raise ValueError("is HOST:PORT, or auto")
        return address


def missing() -> str | None:
    """What has to be installed on this machine first, and how."""
    return None if version_of("ray") else "Ray is not installed: pip install -c constraints.txt -e '.[ray]'"


@contextmanager
def cluster(options: Options, logs: Path) -> Iterator[Cluster]:
    """The cluster, by a process that is connected to it. What Ray has to say is in `logs`."""
    logs.mkdir(parents=True, exist_ok=True)
    asked = map(str, (options.address, options.cpus, options.gpus))
    command = [sys.executable, "-m", "detector.engine._tasks", *asked]
    with (logs / "ray.log").open("a") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
    asks, tells = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    try:
        yield Cluster(f"Ray: {_connected(tells, options)}", _Tasks(process, asks, tells).start)
    finally:
        with suppress(BrokenPipeError):
            asks.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(TO_END + 1)
        process.kill()


def _connected(tells: IO[str], options: Options) -> str:
    """What there is, and what is asked of it."""
    told = json.loads(tells.readline() or '{"failed": "Ray ended"}')
    if "failed" in told:
        where = "on this machine" if options.address == "auto" else f"at {options.address}"
        raise TryAgain(
            f"engine.address: no Ray cluster answers {where} ({told['failed']}); `ray start --head` starts one"
        )
    each = f"{counted(options.cpus, 'CPU')} and {options.gpus:g} GPU{'' if options.gpus == 1 else 's'} each"
    return f"{told['about']}; {counted(options.workers, 'worker')}, {each}"


class _Tasks:
    """The workers that were asked for, and what came of them."""

    def __init__(self, process: subprocess.Popen[str], asks: IO[str], tells: IO[str]) -> None:
        self._process, self._asks, self._tells, self._count = process, asks, tells, 0
        self._ended: dict[int, Ended] = {}
        Thread(target=self._read, daemon=True, name="ray").start()

    def start(self, command: Command) -> Job:
        """One more. Raises TryAgain where the cluster's head is lost; so does what it gives."""
        number, self._count = self._count, self._count + 1
        try:
            print(json.dumps(command, default=str), file=self._asks, flush=True)
        except BrokenPipeError as error:
            raise TryAgain(LOST) from error
        return lambda: self._look(number)

    def _look(self, number: int) -> Ended | None:
        if self._process.poll() is not None and number not in self._ended:
            raise TryAgain(LOST)
        return self._ended.get(number)

    def _read(self) -> None:
        for line in self._tells:
            number, *ended = json.loads(line)
            self._ended[number] = Ended(*ended)
