"""A training on several devices: a process for each, which share every batch.

Ultralytics would start them by a script of its own, which knows nothing of checkpoints, record and progress, and would
empty the folder first. Here each process does what a training on one device does. The first one keeps the weights, and
tells this process, which tells people. One that fails, or is killed, ends all of them; so does a stop of this process.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from detector.errors import DetectorError
from detector.models.quiet import LOG
from detector.stages import Job
from detector.stages.train._devices import CPU
from detector.stages.train._learning import Learned, Learning
from detector.stages.train._options import Options
from detector.stages.train._rank import work

PATIENCE = 10  # seconds that a process has to end
SHORT = 2  # seconds that it takes to notice the end of another


def learn_on(devices: list[str], job: Job[Options], learning: Learning) -> Learned:
    """As `learn`, by a process for each device.

    Raises:
        DetectorError: One of them failed; what it would have raised by itself.
    """
    report = job.report
    with (
        _started(devices, job, learning) as processes,
        report.progress("train", learning.settings.epochs) as advance,
    ):
        tell: dict[str, Callable[..., None]] = {
            "say": report.say, "parameters": report.parameters, "metrics": report.metrics, "advance": advance,
        }  # fmt: skip
        learned = [each for each in _followed(processes, tell) if each.figures]
    return learned[0]


def _followed(processes: dict[Connection, SpawnProcess], tell: Mapping[str, Callable[..., None]]) -> Iterator[Learned]:
    """What each has learned, and only the first one tells; until all have ended well, what they say is passed on."""
    while processes:
        ready = wait([*processes])
        for connection in [each for each in processes if each in ready]:
            try:
                told, given = connection.recv()
            except EOFError:
                _ended(processes.pop(connection), processes.values())
                continue
            if told == "failed":
                raise given
            if told == "learned":
                yield given
            else:
                tell[told](*given)


def _ended(process: SpawnProcess, others: Iterable[SpawnProcess]) -> None:
    """Raise DetectorError if that was not by itself. What one is killed by, others only notice."""
    process.join()
    if not process.exitcode:
        return
    wait([each.sentinel for each in others], SHORT)
    code, name = min((each.exitcode or 0, each.name) for each in (process, *others))
    code, name = (code, name) if code < 0 else (process.exitcode, process.name)
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    raise DetectorError(f"the training on {name} {how}; {LOG} in the train folder of the run tells more")


@contextmanager
def _started(devices: list[str], job: Job[Options], learning: Learning) -> Iterator[dict[Connection, SpawnProcess]]:
    """A process for each device; none is left when the block ends."""
    spawn, processes = get_context("spawn"), dict[Connection, SpawnProcess]()
    alone = replace(job, report=None, registry=None, source=None, before=None)  # type: ignore[arg-type]
    environment = {"WORLD_SIZE": str(len(devices)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_port())}
    try:
        for rank, device in enumerate(devices):
            here, there = spawn.Pipe(duplex=False)
            of_rank = environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            name = f"the processor, part {rank + 1}" if device == CPU else f"GPU {device}"
            process = spawn.Process(target=work, args=(rank, of_rank, alone, learning, there), name=name)
            process.start()
            there.close()  # else the end of the process would not be heard
            processes[here] = process
        yield dict(processes)
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.join(PATIENCE)
            process.kill()


def _port() -> int:
    from ultralytics.utils.dist import find_free_network_port

    return int(find_free_network_port())
