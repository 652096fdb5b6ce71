"""The version that carries the alias champion in MLflow, or why it is of no use."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from detector.errors import UsageError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Entity

CHAMPION = "champion"
HISTORY = "champions"  # a tag of the model: the numbers of its champions, the present one last
FOLDER = "weights"  # of the run; a version's source
_TAGS = {"file", "metrics", "test_set"}


def ours(client: "MlflowClient", model: str) -> "Entity | None":
    """The champion; None when there is none. Raises UsageError for one that can't be compared with."""
    version = with_alias(client, model, CHAMPION)
    if version is None:
        return None
    if _TAGS - version.tags.keys() or not metrics_of(version):
        raise UsageError(
            f"version {version.version}, the champion of {model} in MLflow, was not registered by `detector run`, "
            f"which can't tell how good it is: {way_out(client, model)}"
        )
    return version


def metrics_of(version: "Entity") -> Mapping[str, float]:
    """What was measured of a version; nothing where that can't be read."""
    try:
        metrics = json.loads(version.tags.get("metrics", ""))
    except ValueError:
        return {}
    named = metrics.items() if isinstance(metrics, dict) else ()
    return {name: float(value) for name, value in named if isinstance(value, int | float)}


def before(client: "MlflowClient", model: str, now: "Entity") -> list[str]:
    """The champions before this one that still exist, the last one last."""
    existing = {str(version.version) for version in client.search_model_versions(f"name = '{model}'")}
    numbers = [number for number in history(client, model) if number in existing]
    while numbers and numbers[-1] == str(now.version):
        numbers.pop()
    return numbers


def history(client: "MlflowClient", model: str) -> list[str]:
    """The numbers of the champions that there were, the last one last."""
    return str(client.get_registered_model(model).tags.get(HISTORY, "")).split()


def with_alias(client: "MlflowClient", model: str, alias: str) -> "Entity | None":
    """The version that carries `alias`; None when the model or the alias is not there."""
    models = client.search_registered_models(f"name = '{model}'")
    number = models[0].aliases.get(alias) if models else None
    return None if number is None else client.get_model_version(model, str(number))


def way_out(client: "MlflowClient", model: str) -> str:
    """What a person can do about a champion that is of no use."""
    now = with_alias(client, model, CHAMPION)
    earlier = before(client, model, now)[-1:] if now else []
    delete = "delete the alias champion in MLflow, and the next run names one"
    return f"`detector rollback` makes version {earlier[0]} champion again; or {delete}" if earlier else delete


def holds(client: "MlflowClient", run_id: str, path: str) -> bool:
    """Whether `path` is among the artifacts of a run."""
    from mlflow.exceptions import MlflowException

    try:
        files = client.list_artifacts(run_id, path.rpartition("/")[0])
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":  # its run is gone, and all that it had
            return False
        raise
    return path in {file.path for file in files}
