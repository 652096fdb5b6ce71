"""A run that nobody watches: how it ended goes into a file for Prometheus and to a webhook, whatever the end."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from detector.config.load import name_of
from detector.config.notify import Notify
from detector.config.pipeline import Config
from detector.errors import Stopped, exit_code, failure
from detector.reporting import prometheus, webhook
from detector.reporting.outcome import Outcome
from detector.secrets import cleaned
from detector.system.files import unwritable, write_whole

SECONDS_WHEN_STOPPED = 3.0  # for the webhook: whoever stops a run waits ten seconds at most
SHOWN = ("evaluate", "promote")  # the steps that a chat shows


class Ending(AbstractContextManager["Ending"]):
    """Tells of the end of what happens inside the `with`; where that fails there is a warning, and no more.

    Until `of` knows better, the run goes by the name that its file says, else by that of the file, and there is no
    webhook.
    """

    def __init__(self, pipeline: Path, metrics: Path | None, unchanged: int, warn: Callable[[str], None]) -> None:
        """`metrics` is where the file for Prometheus goes; `unchanged` the exit code when nothing is new."""
        self.pipeline, self.outcome = pipeline.absolute(), Outcome(pipeline.stem)
        self.metrics, self.unchanged, self.warn = metrics, unchanged, warn
        self.metrics_file = metrics and metrics.absolute()  # wherever the run works
        self.config: Config | None = None
        self.started = time.monotonic()

    def of(self, config: Config) -> Outcome:
        """It is a run of this pipeline; give what the run is to fill in as it goes on."""
        self.config, self.outcome = config, Outcome(config.name)
        return self.outcome

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.metrics_file:
            self._write(self.metrics_file, error)
        if self.config and self.config.notify:
            self._notify(self.config, self.config.notify, error)

    def _write(self, file: Path, error: BaseException | None) -> None:
        unchanged = self.unchanged if self.outcome.status == "unchanged" else 0
        named = self.outcome.name if self.config else name_of(self.pipeline) or self.outcome.name
        ended = prometheus.Ended(
            named,
            exit_code=unchanged if error is None else exit_code(error),
            succeeded=error is None,
            at=time.time(),
            seconds=time.monotonic() - self.started,
            steps=self.outcome.steps,
        )
        try:
            if not (problem := unwritable(file)):
                write_whole(file, prometheus.exposition(ended))
        except OSError as reason:
            problem = reason.strerror
        if problem:
            self.warn(f"--metrics-file {self.metrics} could not be written: {problem}")

    def _notify(self, config: Config, settings: Notify, error: BaseException | None) -> None:
        payload = cleaned(self.outcome.plain() if error is None else failure(error))
        seconds = SECONDS_WHEN_STOPPED if isinstance(error, Stopped) else webhook.SECONDS
        if problem := webhook.send(settings, payload, _text(config.name, payload), seconds):
            self.warn(problem)


def _text(name: str, payload: Mapping[str, Any]) -> str:
    """What a person reads in a chat."""
    if payload["status"] == "failed":
        first_line, _, _ = payload["error"].partition("\n")
        return f"{name} failed: {first_line}"
    if payload["status"] == "unchanged":
        return f"{name}: nothing is new since the last run"
    steps = [f"{step['step']}: {step['summary']}" for step in payload["steps"] if step["step"] in SHOWN]
    return "\n".join([f"{name} is done", *steps])
