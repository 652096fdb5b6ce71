"""The runs of a study in MLflow: one for the whole of it, and below that one for each training."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import DetectorError, sentence
from detector.record._client import failures
from detector.record._experiment import STUDY
from detector.record._moved import PLACE
from detector.record._page import shown
from detector.record._registry import MlflowRegistry
from detector.record._writer import Writer
from detector.secrets import without_secrets

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT = "mlflow.parentRunId"  # a tag by which MLflow nests runs
log = logging.getLogger(__name__)


class Tuning:
    """The open record of a study (satisfies detector.record.Tuning); other workers may have it open, too."""

    def __init__(self, client: "MlflowClient", uri: str, experiment: str, model: str, tags: Mapping[str, str]) -> None:
        """`tags` has PLACE and STUDY, which find the run of the study again. Raises TryAgain."""
        self._client, self._uri, self._experiment, self._model, self._tags = client, uri, experiment, model, tags
        with failures(uri):
            self._parent = self._found() or self._create(f"tune {tags[STUDY]}", {})
            self._client.update_run(self._parent, "RUNNING")
        self.shown = shown(uri, experiment, self._parent)

    def tell(self, parameters: Mapping[str, str], figures: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """What there is to say of the whole study so far; a parameter holds the value that it was told first."""
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.utils.time import get_current_time_millis

        now = get_current_time_millis()
        with failures(self._uri):
            known = self._client.get_run(self._parent).data.params
            self._client.log_batch(
                self._parent,
                metrics=[Metric(name, value, now, 0) for name, value in figures.items()],
                params=[Param(name, without_secrets(value)) for name, value in parameters.items() if name not in known],
                tags=[RunTag(name, without_secrets(value)) for name, value in tags.items()],
            )

    def keep(self, file: Path) -> None:
        """Keep a file of the study."""
        with failures(self._uri):
            self._client.log_artifact(self._parent, str(file))

    @contextmanager
    def training(self, name: str, folder: Path, before: str | None) -> Iterator["Training"]:
        """The record of one training in `folder`: FINISHED, FAILED or KILLED, as the block ends.

        `before` is the run of an earlier try that was killed: it ends now, and this one has all that it was told.
        """
        with failures(self._uri):
            if before is not None:
                self._end(before, "KILLED", only_if_running=True)
            run_id = self._create(name, {PARENT: self._parent})
        writer = Writer(self._client, self._uri, run_id, folder / "journal.jsonl")
        training = Training(writer, MlflowRegistry(writer, self._model))
        try:
            yield training
            writer.flush()
        except BaseException as error:
            self._fail(writer, error)
            raise
        finally:
            training.registry.close()
        with failures(self._uri):
            self._end(run_id, "FINISHED")

    def end(self, status: str) -> None:
        """The study's own run ends; call it when no other worker lives."""
        with failures(self._uri):
            self._end(self._parent, status)

    def _fail(self, writer: Writer, error: BaseException) -> None:
        """End a training's run as well as it goes: the error that ended it is the one to show."""
        try:
            writer.flush()
            writer.tags({"error": sentence(error)})
            with failures(self._uri):
                self._end(writer.run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
        except DetectorError as unreachable:
            log.warning("the record of a trial could not be closed: %s", unreachable)

    def _end(self, run_id: str, status: str, only_if_running: bool = False) -> None:
        if not only_if_running or self._client.get_run(run_id).info.status == "RUNNING":
            self._client.set_terminated(run_id, status)

    def _found(self) -> str | None:
        """The study's own run, where there is one."""
        wanted = f"tags.`{STUDY}` = '{self._tags[STUDY]}'"
        runs = self._client.search_runs([self._experiment], wanted, order_by=["attributes.start_time ASC"])
        own = (run for run in runs if run.data.tags.get(PLACE) == self._tags[PLACE] and PARENT not in run.data.tags)
        return next((str(run.info.run_id) for run in own), None)

    def _create(self, name: str, tags: Mapping[str, str]) -> str:
        source = {"mlflow.source.name": "detector tune", "mlflow.source.type": "LOCAL"}
        run = self._client.create_run(self._experiment, tags={**source, **self._tags, **tags}, run_name=name)
        return str(run.info.run_id)


class Training:
    """The open record of one training of a study (satisfies detector.record.Training)."""

    def __init__(self, writer: Writer, registry: MlflowRegistry) -> None:
        self.run_id, self.registry = writer.run_id, registry
        self.parameters, self.metrics, self.tags = writer.parameters, writer.metrics, writer.tags
