"""One of the processes of a training on several devices."""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.models.quiet import LOG, cores, quietly
from detector.stages import Job
from detector.stages.train._devices import CPU
from detector.stages.train._learning import Learning, learn
from detector.stages.train._options import Options
from detector.system.mortal import end_with_parent


class _Told:
    """A Report that passes on what is said; that of the other processes is dropped."""

    def __init__(self, connection: Connection, leads: bool) -> None:
        self._connection, self._leads = connection, leads

    def _tell(self, what: str, *given: object) -> None:
        if self._leads:
            self._connection.send((what, given))

    def say(self, line: str) -> None:
        self._tell("say", line)

    def parameters(self, values: Mapping[str, object]) -> None:
        self._tell("parameters", values)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        self._tell("metrics", values, step)

    def progress(self, title: str, total: int) -> Any:
        del title, total  # opened where people are
        return nullcontext(lambda steps: self._tell("advance", steps))


def work(rank: int, environment: Mapping[str, str], job: Job[Options], learning: Learning, told: Connection) -> None:
    """Learn with the others; what is said, how it ends and why it fails goes to `told`."""
    end_with_parent()
    for each in (signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # from a terminal they reach all; the first process ends the others
    log = job.folder / (LOG if rank == 0 else f"{rank}.{LOG}")
    _write_to(log)
    os.environ.update(environment)  # before the package is imported, which reads it then
    if processors := learning.device.split(",").count(CPU):
        os.environ["OMP_NUM_THREADS"] = str(max(1, cores() // processors))
    try:
        with quietly(log):
            learned = learn(replace(job, report=_Told(told, rank == 0)), learning, processors)
    except (DetectorError, OSError) as error:
        told.send(("failed", error))
    else:
        told.send(("learned", learned))


def _write_to(log: Path) -> None:
    """What libraries write past Python is for the log, and so is how this process fails."""
    with log.open("a") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
