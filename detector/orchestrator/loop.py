"""One run: every step in order, skipped when nothing that shapes its output changed.

Before the first step that has something to do, results are taken as they are, and nothing is written. From that step
on the run is open (`detector.orchestrator.open`): it has a folder and a record.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from detector.config.pipeline import Config, Step
from detector.data import deployed
from detector.data.places import DATASETS, LOCK, RUNS
from detector.errors import DetectorError, TryAgain
from detector.orchestrator import unfinished
from detector.orchestrator.open import OpenRun, can_resume, new_folder, opened
from detector.orchestrator.plan import Choice, Planned, chosen, plan_step
from detector.orchestrator.state import State
from detector.orchestrator.studied import not_applied
from detector.reporting.outcome import Outcome
from detector.reporting.terminal import Terminal
from detector.system.lock import locked
from detector.system.looks import Seen
from detector.system.removed import told_if_removed


def run(config: Config, choice: Choice, terminal: Terminal, wait: float, outcome: Outcome) -> Outcome:
    """Do what has to be done, and fill in `outcome`. Raises what a stage raises, after the record and run.json know."""
    with locked(LOCK, wait):
        state = State(config, terminal, outcome, chosen(config, choice))
        with told_if_removed(state.used, (RUNS, DATASETS)):
            _do(state, choice)
        return _with_search(state)


def _do(state: State, choice: Choice) -> None:
    """All that there is to do; `unchanged` where that is nothing."""
    steps = iter(state.steps)
    first = _first_to_run(state, steps, choice)
    begun = _begin(state, first) if first else _go_on(state, "", None) or _to_deploy_again(state)
    if begun is None:
        state.outcome.status = "unchanged"
        return
    with begun as current:
        if first:
            current.do(first)
        for step in steps:
            current.do(plan_step(step, state.config, state.inputs, choice))
        current.finish()


def _with_search(state: State) -> Outcome:
    """What the run came to; and where to look, if a search has found better arguments than it trained with."""
    found = not_applied(state.config, state.inputs.get("convert"))
    state.outcome.look += [found] if found else []
    return state.outcome


def _first_to_run(state: State, steps: Iterator[Step], choice: Choice) -> Planned | None:
    """The first step that has something to do, if there is one; those before it are taken as they are."""
    seen: Seen = {}
    for step in steps:
        with _recorded_if_unreachable(state), state.terminal.at_work(step.name):
            planned = plan_step(step, state.config, state.inputs, choice, seen)
        state.keys[step.name] = planned.key
        if planned.result is None:
            return planned
        done = state.taken(planned, planned.result)
        state.add(done)
        state.terminal.step(done)
    return None


@contextmanager
def _recorded_if_unreachable(state: State) -> Iterator[None]:
    """A source that could not be asked: such a night belongs in the record, too."""
    try:
        yield
    except TryAgain:
        with suppress(DetectorError), opened(state, new_folder()):
            raise
        raise


def _begin(state: State, planned: Planned) -> AbstractContextManager[OpenRun]:
    """A run that is at this step: one that was cut short here, or else a new one."""
    if going_on := _go_on(state, planned.step.name, planned):
        return going_on
    folder = new_folder()
    unfinished.begin(state.kept, folder)
    state.outcome.working = planned.working
    return opened(state, folder)


def _to_deploy_again(state: State) -> AbstractContextManager[OpenRun] | None:
    """A run in which nothing is new, but the champion's files are not as they were left."""
    wrong = deployed.changed(state.config.name) if state.steps[-1].stage == "promote" else []
    if not wrong:
        return None
    state.terminal.line("champion", f"{wrong[0]} is not as it was left; the champion's files are made again")
    return opened(state, new_folder())


def _go_on(state: State, step: str, planned: Planned | None) -> AbstractContextManager[OpenRun] | None:
    """The run that was cut short, if it was at this `step`, as it is `planned` now, or at one that is done by now."""
    cut_short = unfinished.find(state.kept, RUNS)
    if cut_short is None:
        return None
    resumes = planned is not None and not planned.forced and can_resume(planned, cut_short.folder)
    if not cut_short.was_at(step, state.keys, also_if_it_failed=resumes):
        cut_short.mark_killed()
        return None
    state.terminal.line("run", f"goes on in {cut_short.folder}, where it was cut short")
    state.outcome.working = cut_short.state["working"]
    state.outcome.steps = [cut_short.as_done(done) for done in state.outcome.steps]
    return opened(state, cut_short.folder)
