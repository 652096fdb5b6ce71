"""The workers of a study on other machines: asked for when there is something to do, and stopped at the end."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from detector import engine
from detector.engine import AGAIN, Command, Ended, Job, Machines
from detector.reporting.terminal import Terminal
from detector.tuning import study
from detector.tuning.study import Draw, Shared
from detector.tuning.workers import Do, Told

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@contextmanager
def crew(machines: Machines, command: Command, logs: Path, terminal: Terminal) -> Iterator["Crew"]:
    """Workers that do what `command` says; their engine stops them as the block ends."""
    with ExitStack() as stack:
        yield Crew(machines, command, logs, terminal, stack)


class Crew:
    """Workers. `work` stands for that of detector.tuning.workers."""

    def __init__(self, machines: Machines, command: Command, logs: Path, terminal: Terminal, stack: ExitStack) -> None:
        self._machines, self._command, self._logs = machines, command, logs
        self._terminal, self._stack = terminal, stack
        self._start: Callable[[Command], Job] | None = None
        self._jobs: list[Job] = []
        self._again = AGAIN * machines.workers
        self._last: Ended  # of those that have ended

    def work(
        self, shared: Shared, draw: Draw, _do: Do, _waits: Callable[[int], None], told: Told = lambda _: None
    ) -> None:
        """Until all trials are finished, which the workers do. `told` is called for each that is finished meanwhile."""
        known = {trial.number for trial in _finished(shared)}
        asked = draw.asked()
        with self._terminal.progress("trials", asked - len(known)) as advance:
            while len(known) < draw.asked():
                self._look()
                time.sleep(study.POLL)
                for trial in _finished(shared):
                    if trial.number not in known:
                        known.add(trial.number)
                        told(trial)
                        advance(1)

    def _look(self) -> None:
        """Ask for workers where none was asked for yet, and anew for those that were cut short.

        Raises what ended the last one, when none is left.
        """
        if self._start is None:
            self._hire()
        elif not self._jobs:
            raise self._last.failure("no worker is left; the last,")
        for job in list(self._jobs):
            if (ended := job()) is not None:
                self._jobs.remove(job)
                self._replace(ended)

    def _hire(self) -> None:
        backend = engine.load(self._machines.using)
        cluster = self._stack.enter_context(backend.cluster(self._machines, self._logs))
        self._terminal.line("engine", cluster.about)
        self._start = cluster.start
        self._jobs += [cluster.start(self._command) for _ in range(self._machines.workers)]

    def _replace(self, ended: Ended) -> None:
        self._last = ended
        if ended.code == 0:  # it found everything done
            return
        again = self._again > 0 and ended.was_cut_short
        what = "; another one starts" if again else ""
        self._terminal.line("", f"a worker on {ended.machine} ended: {ended.said}{what}")
        if again and self._start:
            self._again -= 1
            self._jobs.append(self._start(self._command))


def _finished(shared: Shared) -> list["FrozenTrial"]:
    return shared.trials(*study.FINISHED)
