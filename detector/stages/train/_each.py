"""One of the processes of a training on several devices."""

import os
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.models.quiet import LOG, cores, quietly
from detector.stages import Job
from detector.stages.train._learning import Learning, learn
from detector.stages.train._options import Options
from detector.system.processes import end_with_parent

HELD = {signal.SIGINT, signal.SIGHUP}  # until a process that starts can leave them to its parent


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


def log_of(rank: int, folder: Path) -> Path:
    """What a process of the training in `folder` has to say."""
    return folder / (f"{rank}.{LOG}" if rank else LOG)


def work(rank: int, environment: Mapping[str, str], job: Job[Options], learning: Learning, told: Connection) -> None:
    """Learn with the others; what is said, how it ends and why it fails goes to `told`."""
    end_with_parent()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    os.register_at_fork(after_in_child=told.close)  # else what loads images keeps it open when this process is killed
    log = log_of(rank, job.folder)
    _write_to(log)
    threads = max(1, cores() // len(learning.devices))
    os.environ.update({**environment, "OMP_NUM_THREADS": str(threads)})  # packages read it while they are imported
    try:
        with quietly(log):
            learned = learn(replace(job, report=_Told(told, rank == 0)), learning)
    except (DetectorError, OSError) as error:
        error.add_note("".join(traceback.format_exception(error)))
        told.send(("failed", error))
    except Exception as error:  # noqa: BLE001 - raised by the parent
        traceback.print_exc()
        told.send(("broke", str(error)))
        sys.stderr.flush()
        os._exit(1)  # what others wait for may be waited for here, too
    else:
        told.send(("learned", learned))


def _write_to(log: Path) -> None:
    """What libraries write past Python is for the log, and so is how this process fails."""
    with log.open("a") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
