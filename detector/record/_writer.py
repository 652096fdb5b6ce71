"""Writes into one MLflow run, in batches, and remembers what it wrote so that it can be verified.

Every word that it is given is cleaned of secrets; files are, when they are made.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import DetectorError, TryAgain
from detector.record import _journal
from detector.record._client import failures
from detector.record._names import Names
from detector.secrets import without_secrets

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

MOST_WAITING = 500  # values; single calls would be 50 times slower than batches
SECONDS_BETWEEN = 1.0
SECONDS_AFTER_FAILURE = 30.0
LONGEST_VALUE = 6000  # characters of a parameter; MLflow cuts the rest off
LONGEST_TAG = 8000

log = logging.getLogger(__name__)


@dataclass
class Written:
    """What the run must hold, by the names it has there."""

    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, dict[int, float]] = field(default_factory=dict)  # name, step, the last value
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, int] = field(default_factory=dict)  # path in the run, bytes
    datasets: set[tuple[str, str]] = field(default_factory=set)  # name, digest
    models: set[tuple[str, str]] = field(default_factory=set)  # name, version


class Writer:
    """One run being written. Safe to use from several threads."""

    def __init__(
        self, client: "MlflowClient", uri: str, run_id: str, journal: Path, known: Mapping[str, str] | None = None
    ) -> None:
        """`known` are parameters that the run has from before; MLflow takes no second value, and the first holds."""
        self.client, self.uri, self.run_id = client, uri, run_id
        self.written = Written()
        self.written.parameters |= known or {}
        self._journal, self._known = journal, set(known or ())
        self._names = Names()
        self._lock = threading.RLock()
        self._parameters: dict[str, str] = {}
        self._metrics: list[Any] = []
        self._not_before = 0.0
        self._take(_journal.parameters(journal))
        self._known |= self._parameters.keys()
        for at, step, values in _journal.metrics(journal):
            self._buffer(values, step, at)

    def parameters(self, values: Mapping[str, object]) -> None:
        """Buffer parameters. A value too long for MLflow is kept whole as an artifact.

        Raises:
            DetectorError: A parameter already has another value.
        """
        with self._lock:
            texts = {name: without_secrets(str(value)) for name, value in values.items()}
            _journal.note(self._journal, parameters=texts)
            self._take(texts)

    def _take(self, texts: Mapping[str, str]) -> None:
        for original, text in texts.items():
            name = self._names(original)
            if name not in self._known:
                self._parameter(original, name, text)

    def _parameter(self, original: str, name: str, text: str) -> None:
        if self.written.parameters.setdefault(name, text[:LONGEST_VALUE]) != text[:LONGEST_VALUE]:
            before = self.written.parameters[name]
            raise DetectorError(f"parameter {original} is {text}, but this run recorded {before} before")
        self._parameters[name] = text[:LONGEST_VALUE]
        if len(text) > LONGEST_VALUE:
            self.text(f"parameters/{name.replace('/', '.')}.txt", text)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Buffer metrics; they are sent about once a second, and kept for later while the server does not answer."""
        now = int(time.time() * 1000)
        with self._lock:
            _journal.note(
                self._journal, at=now, step=step, metrics={name: float(value) for name, value in values.items()}
            )
            self._buffer(values, step, now)
            if len(self._metrics) >= MOST_WAITING or time.monotonic() >= self._not_before:
                self._try_flush()

    def _buffer(self, values: Mapping[str, float], step: int, now: int) -> None:
        from mlflow.entities import Metric

        for original, value in values.items():
            name = self._names(original)
            self.written.metrics.setdefault(name, {})[step] = float(value)
            self._metrics.append(Metric(name, float(value), now, step))

    def flush(self) -> None:
        """Send what is buffered.

        Raises:
            TryAgain: The server can't be reached; everything stays buffered.
        """
        from mlflow.entities import Param

        with self._lock, failures(self.uri):
            parameters = [Param(name, value) for name, value in self._parameters.items()]
            self.client.log_batch(self.run_id, metrics=self._metrics, params=parameters)
            self._metrics, self._parameters = [], {}
            self._not_before = time.monotonic() + SECONDS_BETWEEN

    def _try_flush(self) -> None:
        try:
            self.flush()
        except TryAgain as error:
            log.warning("%s; %d values wait", error, len(self._metrics))
            self._not_before = time.monotonic() + SECONDS_AFTER_FAILURE

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags of the run at once; MLflow keeps 8,000 characters of each."""
        from mlflow.entities import RunTag

        with self._writing():
            cut = {self._names(name): without_secrets(value)[:LONGEST_TAG] for name, value in values.items()}
            self.client.log_batch(self.run_id, tags=[RunTag(name, value) for name, value in cut.items()])
            self.written.tags |= cut

    def artifact(self, path: Path, folder: str = "") -> None:
        """Upload a file, or a folder with all that is in it, to `folder` of the run."""
        inside = f"{folder}/{path.name}" if folder else path.name
        with self._writing():
            if path.is_dir():
                self.client.log_artifacts(self.run_id, str(path), inside)
            else:
                self.client.log_artifact(self.run_id, str(path), folder or None)
            self.written.artifacts |= {
                f"{inside}/{file.relative_to(path).as_posix()}".removesuffix("/."): file.stat().st_size
                for file in _files(path)
            }

    def text(self, name: str, text: str) -> None:
        """Write `text` as the artifact `name`."""
        text = without_secrets(text)
        with self._writing():
            self.client.log_text(self.run_id, text, name)
            self.written.artifacts[name] = len(text.encode())

    def dataset(self, entry: "DatasetInput") -> None:
        """Log a dataset as an input of the run."""
        with self._writing():
            self.client.log_inputs(self.run_id, [entry])
            self.written.datasets.add((entry.dataset.name, entry.dataset.digest))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, failures(self.uri):
            yield


def _files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else iter((path,))
