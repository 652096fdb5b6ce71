"""A run that has something to do: its folder, its log, its record, and how a step is done in them."""

import logging
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from detector import __version__, record
from detector.config.pipeline import Config
from detector.data import runs
from detector.data.places import DATASETS, FIFTYONE, RUNS, STORE
from detector.engine.shards import shared
from detector.errors import GateRefused, TryAgain
from detector.orchestrator import report, results, unfinished
from detector.orchestrator.deploying import deploy
from detector.orchestrator.plan import Planned
from detector.orchestrator.state import PIPELINE, State
from detector.record import Recorder
from detector.reporting import costs
from detector.reporting.outcome import Done, Outcome
from detector.secrets import cleaned, without_secrets
from detector.stages import Job, Result, kept_of, so_far
from detector.system.files import write_whole
from detector.system.progress import Progress
from detector.system.removed import refuse_removed, told_if_removed
from detector.system.shards import Shards
from detector.system.text import visible

logger = logging.getLogger("detector")


def new_folder() -> Path:
    """A folder for a run that begins."""
    folder = RUNS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    return folder


def place_of(planned: Planned, folder: Path) -> Path:
    """A step's own folder in a run's."""
    return folder / planned.step.name.replace(".", "/")


def can_resume(planned: Planned, folder: Path) -> bool:
    """Whether the step was cut short in this run's folder, and can go on from what it left there."""
    return so_far(planned.step.backend, place_of(planned, folder)) is not None


@contextmanager
def opened(state: State, folder: Path) -> Iterator["OpenRun"]:
    """The run in `folder`, anew or again. How the block ends is told to its log, its run.json and its record."""
    config, outcome = state.config, state.outcome
    write_whole(folder / PIPELINE, config.resolved())
    outcome.folder, outcome.number = folder, runs.number_of(folder)
    with ExitStack() as stack:
        stack.enter_context(logging_to(folder / "log"))
        recorder = None
        try:
            with told_if_removed(state.used, (RUNS, DATASETS)):
                outcome.write(None)
                with state.terminal.at_work("record"):
                    recorder = stack.enter_context(_recorder(config, folder))
                    recorder.note_champion()
                current = OpenRun(state, folder, recorder)
                for done in outcome.steps:
                    current.observe(done)
                yield current
        except BaseException as error:
            _note_failure(state, error, recorder)
            raise
        with suppress(OSError):  # a full disk: what there is to tell is in the record
            outcome.write(None)
    if outcome.status == "done":
        unfinished.end(state.kept)


def _recorder(config: Config, folder: Path) -> AbstractContextManager[Recorder]:
    tags = {"detector.version": __version__, "detector.task": config.task}
    return record.load(config.record.using).open(config.record, config.name, folder, tags)


def _note_failure(state: State, error: BaseException, recorder: Recorder | None) -> None:
    outcome = state.outcome
    logger.error("the run ended early", exc_info=error)
    outcome.status = "failed" if isinstance(error, Exception) else "stopped"
    if isinstance(error, GateRefused) and recorder:
        for file in error.evidence:
            recorder.artifact(file, "refused")
    with suppress(OSError):  # a full disk is what is told already
        outcome.write(error)
    if isinstance(error, Exception):  # whoever stops a run waits ten seconds at most, and the next one goes on with it
        report.write_failed(state, error, recorder)


class _Told(logging.Formatter):
    """A line of the log, and the trace of an error: without secrets, and no command to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(without_secrets(super().format(record)))


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Inside, everything that is logged goes to the file, too."""
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(_Told("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # a log that can't be written is no reason to print at every line of it
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)  # a broken picture's, say: it is in the account of losses
    try:
        yield
    finally:
        handler.close()
        root.removeHandler(handler)
        logging.captureWarnings(False)


@dataclass(frozen=True)
class OpenRun:
    """A run with a folder and an open record."""

    state: State
    folder: Path
    recorder: Recorder

    @cached_property
    def shards(self) -> Shards:
        """Who does its work on many pictures."""
        return shared(self.state.config.engine, self.folder / "workers", self.state.terminal.line)

    def do(self, planned: Planned) -> None:
        """Take a step's kept result, or run it, unless that is in vain."""
        if planned.result is None:
            self.state.foresee()
        done = self.state.taken(planned, planned.result) if planned.result else self._run(planned)
        self.state.keys.setdefault(done.name, planned.key)
        self.state.add(done)  # first: where the record can't be told now, the next run knows that this one did it
        self.observe(done)
        self.state.terminal.step(done)

    def _run(self, planned: Planned) -> Done:
        outcome, name = self.state.outcome, planned.step.name
        refuse_removed(self.state.used())  # a step makes its folder anew, wherever that is
        outcome.working = planned.working
        outcome.write(None)
        self.recorder.stage_begun(name)
        job, started = self._job(planned), costs.begin()
        with self._told_if_damaged(), self.state.terminal.at_work(name):
            result = _discreet(planned.step.backend.run(job))
        refuse_removed([*self.state.used(), result.path])
        seconds, cost = costs.since(started, result, job.folder)
        done = planned.after(result)
        self.state.keys[name] = done.key
        outcome.working = planned.working | {"key_after": done.key}
        outcome.write(None)
        made = results.Made(result, done.made_from or {}, kept_of(planned.step.backend, result))
        results.keep(self.state.kept, name, done.key, made)
        if result.left is not None:
            self.recorder.note_champion()
        return Done(name, result, skipped=False, seconds=seconds, costs=cost, why=planned.why or [])

    @contextmanager
    def _told_if_damaged(self) -> Iterator[None]:
        """Raise TryAgain in place of a failure that comes of a file that somebody changed or removed meanwhile."""
        before = {done.name: self.state.keys[done.name] for done in self.state.outcome.steps}
        try:
            yield
        except (TryAgain, GateRefused):
            raise
        except Exception as error:
            if wrong := results.damaged(self.state.kept, before):
                told = f"{wrong[0]} was changed or removed while it was in use; run again, and it is made anew"
                raise TryAgain(told) from error
            raise

    def _job(self, planned: Planned) -> Job[Any]:
        step, config = planned.step, self.state.config
        folder, datasets = place_of(planned, self.folder), DATASETS / config.name
        _forget(planned.lost)
        if not can_resume(planned, self.folder):
            shutil.rmtree(folder, ignore_errors=True)  # what a run left that was cut short
        folder.mkdir(parents=True, exist_ok=True)
        datasets.mkdir(parents=True, exist_ok=True)
        return Job(
            pipeline=config,
            options=step.options,
            inputs=self.state.inputs,
            source=planned.source,
            datasets=datasets,
            folder=folder,
            fiftyone=FIFTYONE,
            report=_Observed(self.state, self.recorder),
            registry=self.recorder.registry,
            forced=planned.forced,
            before=results.before(self.state.kept, step.name, planned.made_from),
            shards=self.shards,
        )

    def observe(self, done: Done) -> None:
        """Record what a step gave."""
        self.recorder.stage_done(done.name, done.result, done.skipped, {"seconds": done.seconds, **done.costs})
        if done.name == "convert":
            self.recorder.dataset(report.dataset(done.result.path))

    def finish(self) -> Outcome:
        """Close the books: the report, the check that the record holds everything, where to look next."""
        outcome = self.state.outcome
        outcome.status = "done"
        with self.state.terminal.at_work("record"):
            page = report.write(self.state)
            self.recorder.artifact(page, "report")
            verified = self.recorder.verify()
        outcome.look.append(("report", str(page)))
        self.state.terminal.line("record", f"{verified} in MLflow, read back and found whole")
        outcome.look.append(("MLflow", str(self.recorder.shown)))
        if "convert" in self.state.inputs:
            outcome.look.append(("FiftyOne", "detector app"))
        if champion := deploy(self.state.config.name, self.folder, outcome.steps, self.recorder):
            outcome.look.append(("champion", str(champion)))
        refuse_removed(self.state.used())
        return outcome


def _forget(lost: Iterable[str]) -> None:
    """What lies in the store and is not what it is called goes: then it is taken in again."""
    for file in map(Path, lost):
        if file.parent.parent.name == STORE:
            file.unlink(missing_ok=True)


def _discreet(result: Result) -> Result:
    """What a step gave, without secrets in its words: from here they go everywhere."""
    return replace(result, summary=without_secrets(result.summary), notes=cleaned(result.notes))


class _Observed:
    """A Report that tells the person and the record."""

    def __init__(self, state: State, recorder: Recorder) -> None:
        self.say = state.terminal.say
        self.progress: Progress = state.terminal.progress
        self.parameters = recorder.parameters
        self._used, self._terminal, self._recorder = state.used, state.terminal, recorder

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        refuse_removed(self._used())  # a training makes its folder anew at each epoch, and would go on for hours
        self._recorder.metrics(values, step)
        self._terminal.metrics(values, step)
