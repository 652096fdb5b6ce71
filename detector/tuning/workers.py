"""One worker at a study: it takes the next trial until enough are finished."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from detector.tuning.study import FINISHED, Draw, Shared

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.trial import FrozenTrial

Do = Callable[["Trial"], float | None]
Told = Callable[["FrozenTrial"], object]


class Work(Protocol):
    """What does the trials of a study: a worker here, or those of an engine."""

    def __call__(
        self, shared: Shared, draw: Draw, do: Do, waits: Callable[[int], None], told: Told = ..., /
    ) -> None: ...


def work(shared: Shared, draw: Draw, do: Do, waits: Callable[[int], None], told: Told = lambda _: None) -> None:
    """Do trials until all are finished, by whomever. `do` gives a value, or None for a trial that was pruned.

    `told` is called with each that is finished here.

    What `do` raises ends the work, and the trial waits to be tried again.
    """
    while (trial := shared.take(draw, waits)) is not None:
        finish(shared, trial, do)
        if (finished := shared.as_it_is(trial)).state.name in FINISHED:
            told(finished)


def finish(shared: Shared, trial: "Trial", do: Do) -> None:
    """Do one trial."""
    try:
        with shared.beating(trial):
            value = do(trial)
    except Exception:
        if not shared.holds(trial):  # this process slept so long that another took the trial over, with its folder
            return
        shared.put_back(trial)
        raise
    except BaseException:
        shared.put_back(trial)
        raise
    shared.tell(trial, value)
