"""Registered models: versions of weights, their aliases, and who was champion before."""

import json
import tempfile
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import UsageError
from detector.record._client import failures
from detector.record._writer import Writer
from detector.stages.services import ModelVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Entity

CHAMPION, CHALLENGER = "champion", "challenger"
HISTORY = "champions"  # a tag of the model: the numbers of its champions, the present one last
FOLDER = "weights"  # of the run; a version's source


class MlflowRegistry:
    """The registered model of one pipeline (satisfies detector.stages.services.Registry).

    A version carries tags: `file`, the name of its weights; `sha256` of them; `metrics`, a JSON object; `test_set`.
    """

    def __init__(self, writer: Writer, model: str) -> None:
        self._writer, self._client, self._uri, self._model = writer, writer.client, writer.uri, model
        self._fetched: tempfile.TemporaryDirectory[str] | None = None

    def champion(self) -> ModelVersion | None:
        """The version with the alias `champion`, its weights fetched until `close`; None when there is none yet."""
        with failures(self._uri):
            version = _with_alias(self._client, self._model, CHAMPION)
            if version is None:
                return None
            metrics = json.loads(version.tags["metrics"])
            return ModelVersion(str(version.version), self._fetch(version), metrics, version.tags["test_set"])

    def register(self, weights: Path, metrics: Mapping[str, float], test_set: str) -> str:
        """Register `weights` as a new version and give its number.

        The very same weights keep their number; what was measured now replaces what was measured before.
        """
        with weights.open("rb") as file:
            sha256 = file_digest(file, "sha256").hexdigest()
        tags = {"metrics": json.dumps(dict(metrics)), "test_set": test_set}
        with failures(self._uri):
            number = self._known(sha256)
            if number is None:
                number = self._create(weights, {"file": weights.name, "sha256": sha256, **tags})
            else:
                for name, value in tags.items():
                    self._client.set_model_version_tag(self._model, number, name, value)
        self._writer.written.models.add((self._model, number))
        return number

    def name(self, number: str, alias: str) -> None:
        """Give version `number` an alias; a champion is remembered, and is no challenger any more."""
        with failures(self._uri):
            if alias == CHAMPION:
                _crown(self._client, self._model, number, [*_history(self._client, self._model), number])
            else:
                self._client.set_registered_model_alias(self._model, alias, number)

    def close(self) -> None:
        """Delete what was fetched."""
        if self._fetched is not None:
            self._fetched.cleanup()

    def _known(self, sha256: str) -> str | None:
        versions = self._client.search_model_versions(f"name = '{self._model}'")
        return next((str(version.version) for version in versions if version.tags.get("sha256") == sha256), None)

    def _create(self, weights: Path, tags: Mapping[str, str]) -> str:
        self._writer.artifact(weights, FOLDER)
        if not self._client.search_registered_models(f"name = '{self._model}'"):
            self._client.create_registered_model(self._model)
        run_id = self._writer.run_id
        version = self._client.create_model_version(self._model, f"runs:/{run_id}/{FOLDER}", run_id, tags=dict(tags))
        return str(version.version)

    def _fetch(self, version: "Entity") -> Path:
        if self._fetched is None:
            self._fetched = tempfile.TemporaryDirectory(prefix="detector-champion-")
        file = f"{FOLDER}/{version.tags['file']}"
        return Path(self._client.download_artifacts(version.run_id, file, self._fetched.name))


def rollback(client: "MlflowClient", model: str) -> tuple[str, str]:
    """Give the alias `champion` back to the champion before; returns the numbers of both, (old, new).

    Raises:
        UsageError: There is no champion, or none before it that still exists.
    """
    now = _with_alias(client, model, CHAMPION)
    if now is None:
        raise UsageError(f"{model} has no champion to roll back: `detector run` names the first one")
    history = _before(client, model, now)
    if not history:
        raise UsageError(f"version {now.version} is the first champion of {model}: there is none before it")
    _crown(client, model, history[-1], history)
    return str(now.version), history[-1]


def needed(client: "MlflowClient", model: str) -> list["Entity"]:
    """The champion and the version that a rollback would name: those of them that there are."""
    now = _with_alias(client, model, CHAMPION)
    if now is None:
        return []
    return [now, *(client.get_model_version(model, number) for number in _before(client, model, now)[-1:])]


def _before(client: "MlflowClient", model: str, now: "Entity") -> list[str]:
    """The champions before this one that still exist, the last one last."""
    there = {str(version.version) for version in client.search_model_versions(f"name = '{model}'")}
    history = [number for number in _history(client, model) if number in there]
    while history and history[-1] == str(now.version):
        history.pop()
    return history


def _crown(client: "MlflowClient", model: str, number: str, history: list[str]) -> None:
    client.set_registered_model_alias(model, CHAMPION, number)
    client.set_registered_model_tag(model, HISTORY, " ".join(history))
    if CHALLENGER in client.get_model_version(model, number).aliases:
        client.delete_registered_model_alias(model, CHALLENGER)


def _history(client: "MlflowClient", model: str) -> list[str]:
    return str(client.get_registered_model(model).tags.get(HISTORY, "")).split()


def _with_alias(client: "MlflowClient", model: str, alias: str) -> "Entity | None":
    """The version that carries `alias`; None when the model or the alias is not there."""
    models = client.search_registered_models(f"name = '{model}'")
    number = models[0].aliases.get(alias) if models else None
    return None if number is None else client.get_model_version(model, str(number))
