"""Workers as Slurm jobs, by submitit; Slurm starts those of a lost machine again, and those whose time is over."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from detector.engine import Cluster, Command, Ended, Job, Machines
from detector.engine._worker import POLL, TO_END, work
from detector.errors import Interrupted, TryAgain
from detector.system.installed import version_of
from detector.terms import counted

if TYPE_CHECKING:
    from submitit import Job as Submitted
    from submitit.helpers import DelayedSubmission


class Options(Machines):
    """Workers as Slurm jobs."""

    using: Literal["slurm"] = "slurm"
    partition: str | None = Field(None, description="where the jobs wait; Slurm's default if it is left out")
    minutes: int = Field(1440, ge=1, description="how long a job may take; one that needs longer is queued again")
    gpus: int = Field(1, ge=0, description="GPUs for each worker")
    cluster: Literal["slurm", "local"] = Field(
        "slurm", description="local: processes of this machine, to see how it goes without Slurm"
    )


def missing() -> str | None:
    """What has to be installed on this machine first, and how."""
    return None if version_of("submitit") else "submitit is not installed: pip install -c constraints.txt -e '.[slurm]'"


@contextmanager
def cluster(options: Options, logs: Path) -> Iterator[Cluster]:
    """What takes jobs. What they print is in `logs`."""
    import submitit

    try:
        executor = submitit.AutoExecutor(folder=logs.absolute(), cluster=options.cluster)
    except RuntimeError as error:
        raise TryAgain(
            "engine: there is no Slurm on this machine (no srun); start this where jobs are submitted"
        ) from error
    own = {} if options.partition is None else {"slurm_partition": options.partition}
    executor.update_parameters(name="detector", timeout_min=options.minutes, cpus_per_task=options.cpus, **own)
    each = f"{counted(options.cpus, 'CPU')} and {counted(options.gpus, 'GPU')} each"
    jobs: list[Submitted[Ended]] = []

    def start(command: Command) -> Job:
        executor.update_parameters(gpus_per_node=options.gpus if command.gpu else 0)
        jobs.append(_submit(executor, command))
        return partial(_ended, jobs[-1])

    try:
        yield Cluster(f"Slurm: {counted(options.workers, 'worker')}, {each}", start)
    finally:
        _stop(jobs, options)


def _stop(jobs: "list[Submitted[Ended]]", options: Options) -> None:
    for job in jobs:
        if job.done():
            continue
        if options.cluster == "local":  # as scancel does; submitit's own way interrupts, and traces are printed
            os.kill(int(job.job_id), signal.SIGTERM)
        else:
            job.cancel(check=False)
    until = time.monotonic() + TO_END
    while not all(job.done() for job in jobs) and time.monotonic() < until:
        time.sleep(POLL)


def _submit(executor: Any, command: Command) -> "Submitted[Ended]":
    from submitit.core.utils import FailedSubmissionError  # with what sbatch said

    try:
        submitted: Submitted[Ended] = executor.submit(_Worker(), command)
    except (FailedSubmissionError, OSError) as error:
        said = str(error).strip().splitlines()
        raise TryAgain(f"engine: Slurm takes no job: {said[-1] if said else error}") from error
    return submitted


class _Worker:
    """What a job does."""

    def __call__(self, command: Command) -> Ended:
        signal.signal(signal.SIGTERM, _interrupt)
        return work(command, {})

    def checkpoint(self, command: Command) -> "DelayedSubmission":
        """Asked by submitit when the job is about to be cut short: what is to be kept of a search is in its study."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, command)


def _interrupt(_number: int, _frame: object) -> None:
    raise Interrupted


def _ended(job: "Submitted[Ended]") -> Ended | None:
    if not job.done():
        return None
    if (error := job.exception()) is None:
        return Ended(*job.result())
    [*_, last] = str(error).strip().splitlines() or [type(error).__name__]
    return Ended(TryAgain.exit_code, last, f"job {job.job_id}")
