"""One run: every step in order, skipped when nothing that made its output changed, observed by the record."""

import importlib
import json
import logging
import secrets
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detector import __version__, results
from detector.config import Config
from detector.dataset import Dataset
from detector.errors import DetectorError, GateRefused, TryAgain
from detector.files import write_whole
from detector.lock import locked
from detector.plan import DATASETS, RUNS, Choice, Planned, chosen, plan_step, results_of
from detector.stages import Job, Result
from detector.terminal import Terminal

logger = logging.getLogger("detector")


@dataclass(frozen=True)
class Done:
    """A step that a run did, or had no need to do."""

    name: str
    result: Result
    skipped: bool
    seconds: float


@dataclass
class Outcome:
    """What a run came to: done or unchanged, its steps, its folder, and where to look next (title, command)."""

    status: str
    steps: list[Done] = field(default_factory=list)
    folder: Path | None = None
    look: list[tuple[str, str]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """For `--json` and run.json."""
        return {
            "schema": 1,
            "status": self.status,
            "run": str(self.folder) if self.folder else None,
            "steps": [_plain(done) for done in self.steps],
        }


def _plain(done: Done) -> dict[str, Any]:
    result = done.result
    return {
        "step": done.name,
        "skipped": done.skipped,
        "seconds": round(done.seconds, 3),
        "summary": result.summary,
        "figures": dict(result.figures),
        "path": str(result.path),
        "notes": result.notes,
    }


def run(config: Config, choice: Choice, terminal: Terminal, wait: float = 0.0) -> Outcome:
    """Do what has to be done. Raises what a stage raises, after the record and run.json know of it."""
    with locked(RUNS / ".lock", wait), _Run(config, terminal) as current:
        for step in chosen(config, choice):
            current.do(plan_step(step, config, current.inputs, choice))
        return current.finish()


class _Run(AbstractContextManager["_Run"]):
    """The state of one run. Its folder and its record are opened by the first step that really runs."""

    def __init__(self, config: Config, terminal: Terminal) -> None:
        self.config = config
        self.terminal = terminal
        self.inputs: dict[str, Result] = {}
        self.outcome = Outcome("running")
        self.record: Any = None
        self.stack = ExitStack()

    def do(self, planned: Planned) -> None:
        """Take a step's kept result, or run it."""
        name = planned.step.name
        if planned.result is not None:
            self._note(Done(name, planned.result, skipped=True, seconds=0.0))
        else:
            self._open()
            started = time.perf_counter()
            result = planned.step.backend.run(self._job(planned))
            results.keep(results_of(self.config), name, planned.key, result, planned.made_from or {})
            self._note(Done(name, result, skipped=False, seconds=time.perf_counter() - started))

    def finish(self) -> Outcome:
        """Close the books: the report, the check that the record holds everything, where to look next."""
        if self.outcome.folder is None:
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
                self._open()
        if error is not None and self.outcome.folder is not None:
            logger.error("the run failed", exc_info=error)
            self.outcome.status = "failed"
            for file in error.evidence if isinstance(error, GateRefused) and self.record else ():
                self.record.artifact(file, "refused")
        self._write_state(str(error) if error else None)
        self.stack.__exit__(kind, error, trace)

    def _open(self) -> None:
        if self.outcome.folder is not None:
            return
        folder = RUNS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        folder.mkdir(parents=True)
        self.outcome.folder = folder
        resolved = self.config.resolved()
        write_whole(folder / "pipeline.yaml", resolved)
        self._log_to(folder / "log")
        self._write_state(None)
        backend = importlib.import_module(f"detector.record.{self.config.record.using}")
        tags = {"detector.version": __version__, "detector.run": folder.name, "detector.task": self.config.task}
        opened = backend.open(self.config.record, self.config.name, resolved, tags, self.config.secrets())
        self.record = self.stack.enter_context(opened)
        for done in self.outcome.steps:
            self._observe(done)

    def _log_to(self, file: Path) -> None:
        handler = logging.FileHandler(file, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        self.stack.callback(root.removeHandler, handler)
        self.stack.callback(handler.close)

    def _job(self, planned: Planned) -> Job[Any]:
        assert self.outcome.folder is not None  # noqa: S101 - _open has made it
        folder = self.outcome.folder / planned.step.name.replace(".", "/")
        folder.mkdir(parents=True)
        datasets = DATASETS / self.config.name
        datasets.mkdir(parents=True, exist_ok=True)
        report = _Observed(self.terminal, self.record)
        return Job(self.config, planned.step.options, self.inputs, datasets, folder, report, self.record.registry)

    def _note(self, done: Done) -> None:
        self.outcome.steps.append(done)
        self.inputs.setdefault(done.name, done.result)
        if self.record is not None:
            self._observe(done)
        self.terminal.step(done.name, done.result, done.skipped, done.seconds)

    def _observe(self, done: Done) -> None:
        self.record.stage_done(done.name, done.result, done.skipped, done.seconds)
        if done.name == "convert":
            self.record.dataset(Dataset(done.result.path))

    def _dataset(self) -> Dataset | None:
        return Dataset(self.inputs["convert"].path) if "convert" in self.inputs else None

    def _report(self) -> None:
        from detector.page import write

        assert self.outcome.folder is not None  # noqa: S101
        page = self.outcome.folder / "report.html"
        steps = [(done.name, done.result, done.skipped, done.seconds) for done in self.outcome.steps]
        write(page, self.config.name, steps, self._dataset(), self.config.resolved())
        self.record.artifact(page, "report")
        self.outcome.look.append(("report", str(page)))

    def _write_state(self, error: str | None) -> None:
        if self.outcome.folder is not None:
            state = self.outcome.plain() | {"error": error, "detector": __version__}
            write_whole(self.outcome.folder / "run.json", json.dumps(state, indent=1, ensure_ascii=False))


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
