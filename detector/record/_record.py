"""What the run loop holds while a run goes on: an open MLflow run."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from detector.data.champion import note
from detector.data.dataset import Dataset
from detector.errors import DetectorError, sentence
from detector.record import Shown
from detector.record._client import failures
from detector.record._dataset import dataset_input
from detector.record._described import Told, of_version
from detector.record._experiment import VERDICT
from detector.record._fetched import deploy_champion
from detector.record._page import NOTE
from detector.record._registry import MlflowRegistry
from detector.record._verify import missing
from detector.record._writer import Writer, log
from detector.secrets import without_secrets
from detector.stages import Result
from detector.terms import counted


class Record:
    """An open MLflow run; as a context manager it ends FINISHED, FAILED or KILLED. Safe to use from threads."""

    def __init__(self, writer: Writer, model: str, shown: Shown, told: Told) -> None:
        self._writer, self._model, self._told = writer, model, told
        self.run_id = writer.run_id
        self.shown = shown
        self.registry = MlflowRegistry(writer, model)

    def note_champion(self) -> None:
        """Remember who is champion. Raises UsageError for one that is not ours, or whose weights are gone."""
        champion = self.registry.champion()
        note(self._model, champion.number if champion else None, champion.metrics if champion else {})

    def deploy_champion(self) -> Path | None:
        """Lay the champion's files into models/ as MLflow keeps them; None without a champion."""
        with failures(self._writer.uri):
            return deploy_champion(self._writer.client, self._model)

    def parameters(self, values: Mapping[str, object]) -> None:
        """Record parameters. Raises DetectorError for one that was recorded with another value."""
        self._writer.parameters(values)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Record metrics, sent in batches about once a second."""
        self._writer.metrics(values, step)

    def artifact(self, path: Path, folder: str = "") -> None:
        """Upload a file, or a folder with all that is in it, into `folder` of the run."""
        self._writer.artifact(path, folder)

    def stage_begun(self, stage: str) -> None:
        """A stage is at work from now on: where the run fails, that is where."""
        self._told.at = stage

    def stage_done(self, stage: str, result: Result, skipped: bool, costs: Mapping[str, float]) -> None:
        """Record what a stage gave and cost, whether it ran now or was skipped because nothing had changed."""
        self._told.steps[stage], self._told.at = result, None
        self._writer.parameters(result.parameters)
        counts = {} if skipped else result.changes
        figures = {f"{stage}/{name}": value for name, value in (*result.figures.items(), *counts.items())}
        self._writer.metrics(figures | {f"cost/{stage}/{name}": value for name, value in costs.items()}, 0)
        self._writer.flush()
        for folder, paths in result.artifacts.items():
            for path in paths:
                self._writer.artifact(path, folder)
        words = {"summary": result.summary, "id": result.id, "skipped": str(skipped).lower()}
        self._writer.tags({f"{stage}.{name}": value for name, value in words.items()})
        if result.notes:
            self._writer.text(f"notes/{stage}.txt", "\n".join(result.notes) + "\n")
        with failures(self._writer.uri):
            for model, number in self._writer.written.models:
                self._writer.client.update_model_version(model, number, without_secrets(of_version(self._told)))

    def dataset(self, dataset: Dataset) -> None:
        """Record the dataset version as an input of the run."""
        self._writer.dataset(dataset_input(self._model, dataset))

    def verify(self) -> str:
        """Read everything back, and say how much it is. Raises DetectorError that lists what is missing."""
        self._writer.flush()
        self._describe(None)
        written = self._writer.written
        with failures(self._writer.uri):
            lost = missing(self._writer.client, self.run_id, written)
        if lost:
            shown = "\n".join(f"    {line}" for line in lost[:20]) + ("\n    …" if len(lost) > 20 else "")
            raise DetectorError(f"MLflow's run {self.run_id} lacks {len(lost)} of what was recorded:\n{shown}")
        values = sum(map(len, written.metrics.values()))
        parts = (len(written.parameters), "parameter"), (values, "metric value"), (len(written.artifacts), "file")
        return ", ".join(counted(*part) for part in parts)

    def _describe(self, error: BaseException | None) -> None:
        """Say in the table of runs, and on the run's own page, what it came to."""
        verdict = self._told.verdict(error)
        self._writer.tags({VERDICT: verdict} if verdict else {})
        self._writer.tags({NOTE: self._told.description(error)})
        with failures(self._writer.uri):
            self._writer.client.update_run(self.run_id, name=self._told.name(verdict))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.registry.close()
        if error is None:
            try:
                self._writer.flush()
                self._end("FINISHED")
            except DetectorError as lost:
                self._fail(lost)
                raise
        else:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the run as well as it goes: the error that ended it is the one to show, not one of telling it."""
        try:
            self._tell(error)
            self._end("FAILED" if isinstance(error, Exception) else "KILLED")
        except DetectorError as unreachable:
            log.warning("the record could not be closed: %s", unreachable)

    def _tell(self, error: BaseException) -> None:
        """Why the run ended: one line as a tag, the whole as an artifact."""
        self._writer.flush()
        self._describe(error)
        self._writer.tags({"error": sentence(error)})
        self._writer.text("error.txt", "".join(traceback.format_exception(error)))

    def _end(self, status: str) -> None:
        with failures(self._writer.uri):
            self._writer.client.set_terminated(self.run_id, status)
