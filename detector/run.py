"""One run: every step in order, skipped when nothing that made its output changed, observed by the record."""

import importlib
import logging
import secrets
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from detector import __version__, costs, results, unfinished
from detector.config import Config
from detector.errors import DetectorError, GateRefused, TryAgain, sentence
from detector.files import write_whole
from detector.lock import locked
from detector.outcome import Done, Outcome
from detector.plan import DATASETS, RUNS, Choice, Planned, chosen, plan_step, results_of
from detector.stages import Job, Result
from detector.terminal import Terminal

if TYPE_CHECKING:
    from detector.dataset import Dataset

logger = logging.getLogger("detector")


def run(config: Config, choice: Choice, terminal: Terminal, wait: float, outcome: Outcome) -> Outcome:
    """Do what has to be done, and fill in `outcome`. Raises what a stage raises, after the record and run.json know."""
    with locked(RUNS / ".lock", wait), _Run(config, terminal, outcome) as current:
        for step in chosen(config, choice):
            current.do(plan_step(step, config, current.inputs, choice))
        return current.finish()


class _Run(AbstractContextManager["_Run"]):
    """The state of one run. Its folder and its record are opened by the first step that really runs."""

    def __init__(self, config: Config, terminal: Terminal, outcome: Outcome) -> None:
        self.config = config
        self.terminal = terminal
        self.kept = results_of(config)
        self.inputs: dict[str, Result] = {}
        self.keys: dict[str, str] = {}
        self.outcome = outcome
        self.record: Any = None
        self.stack = ExitStack()

    def do(self, planned: Planned) -> None:
        """Take a step's kept result, or run it."""
        name = planned.step.name
        self.keys[name] = planned.key
        if planned.result is not None:
            results.touch(self.kept, name, planned.key)
            self._note(Done(name, planned.result, skipped=True, seconds=0.0))
        else:
            self._begin(planned)
            job, started = self._job(planned), costs.begin()
            result = planned.step.backend.run(job)
            seconds, cost = costs.since(started, result, job.folder)
            results.keep(self.kept, name, planned.key, result, planned.made_from or {})
            self._note(Done(name, result, skipped=False, seconds=seconds, costs=cost))

    def finish(self) -> Outcome:
        """Close the books: the report, the check that the record holds everything, where to look next."""
        if self.outcome.folder is None and not self._take_up(""):
            self.outcome.status = "unchanged"
            return self.outcome
        self.outcome.status = "done"
        self._report()
        self.terminal.line("record", f"{self.record.verify()} in MLflow, read back and found whole")
        self.outcome.look.append(("MLflow", self.record.url_hint))
        if self._dataset():
            self.outcome.look.append(("FiftyOne", "detector app"))
        return self.outcome

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is not None and self.outcome.folder is None and isinstance(error, TryAgain):
            with suppress(DetectorError):  # a source that could not be asked: such a night belongs in the record, too
                self.outcome.folder = self._new_folder()
                self._open()
        if error is not None and self.outcome.folder is not None:
            logger.error("the run ended early", exc_info=error)
            self.outcome.status = "failed" if isinstance(error, Exception) else "stopped"
            for file in error.evidence if isinstance(error, GateRefused) and self.record else ():
                self.record.artifact(file, "refused")
        with suppress(OSError):  # a full disk is what is told already
            self.outcome.write(sentence(error) if error else None)
        self.stack.__exit__(kind, error, trace)
        if self.outcome.status == "done":
            unfinished.end(self.kept)

    def _begin(self, planned: Planned) -> None:
        """Be at a step: in this run's folder, or in one of a run that was cut short there."""
        name, fresh = planned.step.name, False
        if self.outcome.folder is None and not self._take_up(name, planned):
            self.outcome.folder, fresh = self._new_folder(), True
            unfinished.begin(self.kept, self.outcome.folder)
        self.outcome.working = {"step": name, "key": planned.key, "forced": planned.forced}
        self.outcome.write(None)
        if fresh:
            self._open()

    def _take_up(self, step: str, planned: Planned | None = None) -> bool:
        """Go on in the folder of the run that was cut short, when it was at this `step`, or at one that is done."""
        found = unfinished.find(self.kept, RUNS)
        if found is None:
            return False
        goes_on = planned is not None and not planned.forced and resumable(planned, found.folder)
        if not found.was_at(step, self.keys, also_if_it_failed=goes_on):
            found.bury()
            return False
        self.terminal.line("run", f"goes on in {found.folder}, where it was cut short")
        self.outcome.working = found.state["working"]
        self.outcome.steps = [found.as_done(done) for done in self.outcome.steps]
        self.outcome.folder = found.folder
        self._open()
        return True

    def _new_folder(self) -> Path:
        folder = RUNS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        folder.mkdir(parents=True)
        return folder

    def _open(self) -> None:
        folder = self.outcome.folder
        assert folder is not None  # noqa: S101 - whoever calls has chosen it
        write_whole(folder / "pipeline.yaml", self.config.resolved())
        self._log_to(folder / "log")
        self.outcome.write(None)
        backend = importlib.import_module(f"detector.record.{self.config.record.using}")
        tags = {"detector.version": __version__, "detector.task": self.config.task}
        opened = backend.open(self.config.record, self.config.name, folder, tags, self.config.secrets())
        self.record = self.stack.enter_context(opened)
        for done in self.outcome.steps:
            self._observe(done)

    def _log_to(self, file: Path) -> None:
        handler = logging.FileHandler(file, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.raiseExceptions = False  # a log that can't be written is no reason to print at every line of it
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        logging.captureWarnings(True)  # a broken picture's, say: its story is in the account of losses
        self.stack.callback(logging.captureWarnings, False)
        self.stack.callback(root.removeHandler, handler)
        self.stack.callback(handler.close)

    def _job(self, planned: Planned) -> Job[Any]:
        assert self.outcome.folder is not None  # noqa: S101 - _open has made it
        folder = place_of(planned, self.outcome.folder)
        if not resumable(planned, self.outcome.folder):
            shutil.rmtree(folder, ignore_errors=True)  # what a run left that was cut short
        folder.mkdir(parents=True, exist_ok=True)
        datasets = DATASETS / self.config.name
        datasets.mkdir(parents=True, exist_ok=True)
        report = _Observed(self.terminal, self.record)
        options, registry = planned.step.options, self.record.registry
        return Job(self.config, options, self.inputs, datasets, folder, report, registry, planned.forced)

    def _note(self, done: Done) -> None:
        self.outcome.steps.append(done)
        self.inputs.setdefault(done.name, done.result)
        if self.record is not None:
            self._observe(done)
        self.terminal.step(done.name, done.result, done.skipped, done.seconds)

    def _observe(self, done: Done) -> None:
        self.record.stage_done(done.name, done.result, done.skipped, {"seconds": done.seconds, **done.costs})
        if done.name == "convert":
            self.record.dataset(self._dataset())

    def _dataset(self) -> "Dataset | None":
        from detector.dataset import Dataset  # Arrow with it: a run with nothing to do needs none

        return Dataset(self.inputs["convert"].path) if "convert" in self.inputs else None

    def _report(self) -> None:
        from detector.page import write

        assert self.outcome.folder is not None  # noqa: S101
        page = self.outcome.folder / "report.html"
        write(page, self.config.name, self.outcome.steps, self._dataset(), self.config.resolved())
        self.record.artifact(page, "report")
        self.outcome.look.append(("report", str(page)))


def place_of(planned: Planned, run: Path) -> Path:
    """A step's own folder in a run's."""
    return run / planned.step.name.replace(".", "/")


def resumable(planned: Planned, run: Path) -> bool:
    """Whether the step was cut short in this run's folder, and can go on from what it left there."""
    asked = getattr(cast(Any, planned.step.backend), "resumable", None)
    return bool(asked and asked(place_of(planned, run)))


class _Observed:
    """A Report that tells the person and the record."""

    def __init__(self, terminal: Terminal, record: Any) -> None:
        self.record = record
        self.say = terminal.say
        self.progress = terminal.progress

    def parameters(self, values: Mapping[str, object]) -> None:
        self.record.parameters(values)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        self.record.metrics(values, step)
