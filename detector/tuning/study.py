"""A study in Optuna's database, as several workers share it.

A trial is WAITING, RUNNING, COMPLETE, PRUNED or FAIL. Whoever works on one lets its heart beat; where that stops, the
trial is dead: it FAILs, and the same arguments WAIT to be tried again under a new number. Every decision on what is
next is made under a lock, so that no trial is given twice, and none too many.
"""

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from detector.system.lock import locked

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.samplers import BaseSampler
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

INTERVAL = 15  # seconds from one heartbeat to the next
GRACE = 60  # seconds without one, after which a trial is dead
KILLS = 5  # a trial that has ended its worker so often is not tried again
BUSY = 60.0  # seconds to wait for another worker to let go of the database
POLL = 1.0  # seconds between looks at what other workers do
FINISHED = ("COMPLETE", "PRUNED")
BEGUN = "begun"  # an attribute of a trial: its own number, once its heart has beaten

log = logging.getLogger(__name__)


class Draw(NamedTuple):
    """How the next trial is chosen, all of it while no other worker decides anything.

    `asked` gives how many trials are to be finished; `queue` lets those WAIT that must come first; `sampler` is given
    the number of trials so far; `draw` gives a new trial its arguments.
    """

    asked: Callable[[], int]
    queue: Callable[[], None]
    sampler: Callable[[int], "BaseSampler"]
    draw: Callable[["Trial"], None]


class Counts(NamedTuple):
    """How many trials there are in which state; `failed` are those that were tried again, or given up."""

    finished: int
    pruned: int
    failed: int
    running: int


@dataclass(frozen=True)
class Shared:
    """A study that other workers may be at, too. `concerns` tells which of its trials are to be done."""

    study: "Study"
    storage: "RDBStorage"
    lock: Path
    concerns: Callable[["FrozenTrial"], bool] = lambda _: True

    def take(self, draw: Draw, waits: Callable[[int], None]) -> "Trial | None":
        """The next trial, once there is one to do; None when all are finished that are asked for.

        `waits` is told how many trials are others' to finish, whenever that changes.
        """
        told = 0
        while True:
            with self.held():
                self._revive()
                draw.queue()
                counts, asked = self.counts(), draw.asked()
                if counts.finished >= asked:
                    return None
                if counts.finished + counts.running < asked:
                    return self._ask(draw)
            if counts.running != told:
                waits(told := counts.running)
            time.sleep(POLL)

    def counts(self) -> Counts:
        """As it is now."""
        states = [trial.state.name for trial in self.trials()]
        pruned = states.count("PRUNED")
        return Counts(states.count("COMPLETE") + pruned, pruned, states.count("FAIL"), states.count("RUNNING"))

    def trials(self, *states: str) -> list["FrozenTrial"]:
        """Those in one of the states, by number; all, where none is named."""
        every = self.study.get_trials(deepcopy=False)
        return [trial for trial in every if (not states or trial.state.name in states) and self.concerns(trial)]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, no other worker decides anything."""
        with locked(self.lock, BUSY):
            yield

    @contextmanager
    def beating(self, trial: "Trial") -> Iterator[None]:
        """Inside, everybody can see that the trial is worked on."""
        ended = threading.Event()
        beats = threading.Thread(target=self._beat, args=(trial, ended), daemon=True, name="heartbeat")
        beats.start()
        try:
            yield
        finally:
            ended.set()
            beats.join(timeout=INTERVAL)

    def tell(self, trial: "Trial", value: float | None) -> None:
        """A trial is finished; with no value it was pruned. One that another worker took over meanwhile is its own."""
        from optuna.trial import TrialState

        state = TrialState.PRUNED if value is None else TrialState.COMPLETE
        self.study.tell(trial, value, state=state, skip_if_finished=True)

    def as_it_is(self, trial: "Trial") -> "FrozenTrial":
        """The trial, as all workers see it."""
        return self.storage.get_trial(trial._trial_id)

    def holds(self, trial: "Trial") -> bool:
        """Whether the trial is still this worker's."""
        return self.as_it_is(trial).state.name == "RUNNING"

    def put_back(self, trial: "Trial") -> None:
        """A trial can't be finished here: it is tried again, by whoever comes first."""
        self._fail(self.as_it_is(trial), None)

    def drop_others(self) -> None:
        """Trials that WAIT and are of no concern are not done: another search had asked for them."""
        for trial in self.study.get_trials(deepcopy=False):
            if trial.state.name == "WAITING" and not self.concerns(trial):
                self._fail(trial, 0)

    def _ask(self, draw: Draw) -> "Trial":
        self.study.sampler = draw.sampler(len(self.trials()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the heart must be made to beat: see `beating`
            trial = self.study.ask()
        try:
            self.storage.record_heartbeat(trial._trial_id)
            trial.set_user_attr(BEGUN, trial.number)
            draw.draw(trial)
        except BaseException:  # stopped, just now
            self.put_back(trial)
            raise
        return trial

    def _beat(self, trial: "Trial", ended: threading.Event) -> None:
        while not ended.wait(INTERVAL):
            try:
                self.storage.record_heartbeat(trial._trial_id)
            except Exception:  # the database is busy, or its disk full: the next beat may come through
                log.warning("trial %d could not show that it is worked on", trial.number, exc_info=True)

    def _revive(self) -> None:
        """Trials whose worker was killed are tried again; also those that it had taken, and not begun."""
        from optuna.storages import fail_stale_trials

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is called experimental
            fail_stale_trials(self.study)
        for trial in self.trials("RUNNING"):
            begun = trial.user_attrs.get(BEGUN) == trial.number
            if not begun and trial.datetime_start and trial.datetime_start < _ago(GRACE):
                self._fail(trial, KILLS)

    def _fail(self, trial: "FrozenTrial", kills: int | None) -> None:
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        try:
            changed = self.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        except UpdateFinishedTrialError:
            return
        if changed:
            again(kills)(self.study, trial)


def _ago(seconds: float) -> datetime:
    """As Optuna writes times: of this machine's zone, without saying so."""
    return datetime.now() - timedelta(seconds=seconds)  # noqa: DTZ005


def again(kills: int | None) -> Callable[["Study", "FrozenTrial"], None]:
    """What makes a failed trial WAIT anew, with its arguments and what it had reached; at most so often."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RetryHeartbeatStaleTrialCallback(max_retry=kills, inherit_intermediate_values=True)
