"""Registered models: versions of weights, their aliases, and who was champion before."""

import json
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import UsageError
from detector.record._champion import CHAMPION, FOLDER, HISTORY, before, history, metrics_of, with_alias
from detector.record._client import failures
from detector.record._kept import EVALUATED_IN, evaluation_of
from detector.record._weights import SHA256, usable, weights_of
from detector.record._writer import Writer
from detector.stages.services import ModelVersion
from detector.system.files import sha256_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Entity

CHALLENGER = "challenger"
LEARNED = "learned"  # a tag of a version: the fingerprint of what its weights have learned
_ABOUT = (
    "The models of the pipeline {name}, as `detector run` registers them. The version with the alias **champion** is "
    "in production: its weights and engines are in `models/{name}/champion`."
)
ROLLED_BACK = "rolled_back"  # a tag of a version that was champion, and is not to be again by itself


class MlflowRegistry:
    """The registered model of one pipeline (satisfies detector.stages.services.Registry).

    A version carries tags: `file`, the name of its weights; `sha256` of them; `learned`, the fingerprint of what is in
    them; `metrics`, a JSON object; `test_set`; and `evaluated_in`, the run whose folder `evaluate` has the predictions
    on that test set.
    """

    def __init__(self, writer: Writer, model: str) -> None:
        self._writer, self._client, self._uri, self._model = writer, writer.client, writer.uri, model
        self._fetched: tempfile.TemporaryDirectory[str] | None = None

    def champion(self) -> ModelVersion | None:
        """The version with the alias `champion`; None when there is none yet. What it fetches lasts until `close`.

        Raises:
            UsageError: It is not ours, or its weights are gone.
        """
        with failures(self._uri):
            version = usable(self._client, self._model, self._scratch)
        if version is None:
            return None
        fetch, kept = partial(self._fetch, version), partial(self._evaluation, version)
        return ModelVersion(str(version.version), fetch, metrics_of(version), version.tags["test_set"], kept)

    def rolled_back(self, number: str) -> bool:
        """Whether version `number` was champion, and a person took that back."""
        with failures(self._uri):
            return ROLLED_BACK in self._client.get_model_version(self._model, number).tags

    def register(self, weights: Path, metrics: Mapping[str, float], test_set: str, learned: str = "") -> str:
        """Register `weights` as a new version and give its number.

        Weights of the same file, or that learned the same, keep their number; what was measured now replaces what was
        measured before.
        """
        tags = {"metrics": json.dumps(dict(metrics)), "test_set": test_set, EVALUATED_IN: self._writer.run_id}
        known = {SHA256: sha256_of(weights)} | ({LEARNED: learned} if learned else {})
        with failures(self._uri):
            number = self._known(known)
            if number is None:
                number = self._create(weights, {"file": weights.name, **known, **tags})
            else:
                for name, value in tags.items():
                    self._client.set_model_version_tag(self._model, number, name, value)
        self._writer.written.models.add((self._model, number))
        return number

    def name(self, number: str, alias: str) -> None:
        """Give version `number` an alias; a champion is remembered, and is no challenger any more."""
        with failures(self._uri):
            if alias == CHAMPION:
                _crown(self._client, self._model, number, [*history(self._client, self._model), number])
            else:
                self._client.set_registered_model_alias(self._model, alias, number)

    def close(self) -> None:
        """Delete what was fetched."""
        if self._fetched is not None:
            self._fetched.cleanup()

    def _known(self, tags: Mapping[str, str]) -> str | None:
        """The version that has one of these tags."""
        versions = self._client.search_model_versions(f"name = '{self._model}'")
        return next((str(version.version) for version in versions if tags.items() & version.tags.items()), None)

    def _create(self, weights: Path, tags: Mapping[str, str]) -> str:
        self._writer.artifact(weights, FOLDER)
        if not self._client.search_registered_models(f"name = '{self._model}'"):
            self._client.create_registered_model(self._model, description=_ABOUT.format(name=self._model))
        run_id = self._writer.run_id
        version = self._client.create_model_version(self._model, f"runs:/{run_id}/{FOLDER}", run_id, tags=dict(tags))
        return str(version.version)

    def _fetch(self, version: "Entity") -> Path:
        with failures(self._uri):
            return weights_of(self._client, version, self._scratch())

    def _evaluation(self, version: "Entity") -> Path | None:
        with failures(self._uri):
            return evaluation_of(self._client, version, self._scratch())

    def _scratch(self) -> Path:
        if self._fetched is None:
            self._fetched = tempfile.TemporaryDirectory(prefix="detector-champion-")
        return Path(self._fetched.name)


def rollback(client: "MlflowClient", model: str) -> tuple[str, str]:
    """Give the alias `champion` back to the champion before; returns the numbers of both, (old, new).

    Raises:
        UsageError: There is no champion, none before it that still exists, or the weights of that one are gone.
    """
    now = with_alias(client, model, CHAMPION)
    if now is None:
        raise UsageError(f"{model} has no champion to roll back: `detector run` names the first one")
    earlier = before(client, model, now)
    if not earlier:
        raise UsageError(f"version {now.version} is the first champion of {model}: there is none before it")
    _refuse_without_weights(client, client.get_model_version(model, earlier[-1]))
    _crown(client, model, earlier[-1], earlier)
    client.set_model_version_tag(model, str(now.version), ROLLED_BACK, "true")
    return str(now.version), earlier[-1]


def _refuse_without_weights(client: "MlflowClient", version: "Entity") -> None:
    """Raises UsageError for a version of ours whose weights are gone; of a person's own, that person knows."""
    if "file" in version.tags:
        with tempfile.TemporaryDirectory(prefix="detector-champion-") as scratch:
            weights_of(client, version, Path(scratch))


def needed(client: "MlflowClient", model: str) -> list["Entity"]:
    """The champion and the version that a rollback would name: those of them that there are."""
    now = with_alias(client, model, CHAMPION)
    if now is None:
        return []
    return [now, *(client.get_model_version(model, number) for number in before(client, model, now)[-1:])]


def _crown(client: "MlflowClient", model: str, number: str, champions: list[str]) -> None:
    client.set_registered_model_alias(model, CHAMPION, number)
    client.set_registered_model_tag(model, HISTORY, " ".join(champions))
    version = client.get_model_version(model, number)
    if CHALLENGER in version.aliases:
        client.delete_registered_model_alias(model, CHALLENGER)
    if ROLLED_BACK in version.tags:
        client.delete_model_version_tag(model, number, ROLLED_BACK)
