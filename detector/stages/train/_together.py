"""A training on several devices: a process for each, which share every batch.

Ultralytics would start them by a script of its own, which knows nothing of checkpoints, record and progress, and would
empty the folder first. Here each process does what a training on one device does. The first one keeps the weights, and
tells this process, which tells people. One that fails, or is killed, ends all of them; so does a stop of this process.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.stages import Job
from detector.stages.train._devices import CPU
from detector.stages.train._each import HELD, log_of, work
from detector.stages.train._learning import Learned, Learning
from detector.stages.train._options import Options
from detector.system.shards import alone

Processes = dict[Connection, SpawnProcess]
PATIENCE = 3  # seconds that a process has to be gone when it is killed
SHORT = 1.0  # seconds in which it shows whether another one was killed
POLL = 0.05
BY_OTHERS = {-signal.SIGKILL, -signal.SIGTERM}  # exit codes of what no process does to itself


def learn_together(job: Job[Options], learning: Learning) -> Learned:
    """As `learn`, by a process for each device.

    Raises:
        DetectorError: One of them failed; what it would have raised by itself.
    """
    report = job.report
    with (
        _started(job, learning) as processes,
        report.progress("train", learning.settings.epochs) as advance,
    ):
        tell: dict[str, Callable[..., None]] = {
            "say": report.say, "parameters": report.parameters, "metrics": report.metrics, "advance": advance,
        }  # fmt: skip
        return _followed(processes, tell)


def _followed(processes: Processes, tell: Mapping[str, Callable[..., None]]) -> Learned:
    """What the first one has learned, once all have; until then, what they say is passed on."""
    learned: dict[Connection, Learned] = {}
    while at_work := processes.keys() - learned.keys():
        ready = wait(at_work, 1)
        for connection in [each for each in at_work if each in ready]:
            told, given = _heard(connection)
            if told == "learned":
                learned[connection] = given  # how it ends is of no interest
            elif told in tell:
                tell[told](*given)
            else:
                raise _failed(processes, connection, told, given)
        for connection in at_work - learned.keys():
            if processes[connection].exitcode is not None and not connection.poll():
                raise _failed(processes, connection)  # who inherited its pipe may be there still
    return learned[next(iter(processes))]


def _heard(connection: Connection) -> tuple[str, Any]:
    try:
        told, given = connection.recv()
    except EOFError:
        return "", None
    return told, given


def _failed(processes: Processes, connection: Connection, told: str = "", given: Any = None) -> Exception:
    """What happened. One that was killed makes the others fail, too, and it may be they that are heard first."""
    until = time.monotonic() + SHORT
    while not (killed := [each for each in processes.values() if each.exitcode in BY_OTHERS]):
        if time.monotonic() > until:
            break
        time.sleep(POLL)
    process = (killed or [processes[connection]])[0]
    rank = [*processes.values()].index(process)
    log = f"{log_of(rank, Path('train'))} in the run's folder tells more"
    if killed:
        name = signal.Signals(-(process.exitcode or 0)).name
        return DetectorError(f"the training on {process.name} was killed by {name}; {log}")
    if told == "failed":
        failure: Exception = given
        return failure
    how = f"failed: {given}" if told == "broke" else f"ended with exit code {process.exitcode}"
    return DetectorError(f"the training on {process.name} {how}; {log}")


@contextmanager
def _started(job: Job[Options], learning: Learning) -> Iterator[Processes]:
    """A process for each device; none is left when the block ends: what they write is whole at any moment."""
    devices = learning.devices
    spawn, processes = get_context("spawn"), Processes()
    of_job = replace(job, report=None, registry=None, source=None, before=None, shards=alone)  # type: ignore[arg-type]
    environment = {"WORLD_SIZE": str(len(devices)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_port())}
    held = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        for rank, device in enumerate(devices):
            here, there = spawn.Pipe(duplex=False)
            of_rank = environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            name = f"the processor, part {rank + 1}" if device == CPU else f"GPU {device}"
            process = spawn.Process(target=work, args=(rank, of_rank, of_job, learning, there), name=name)
            process.start()
            there.close()  # else the end of the process would not be heard
            processes[here] = process
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        yield processes
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        for process in processes.values():
            process.kill()
        for connection, process in processes.items():
            process.join(PATIENCE)
            connection.close()


def _port() -> int:
    from ultralytics.utils.dist import find_free_network_port

    return int(find_free_network_port())
