"""The champion's files, as MLflow keeps them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from detector.data.deployed import deploy, place_of, withdraw
from detector.errors import UsageError
from detector.record._champion import FOLDER, usable
from detector.record._experiment import RUN
from detector.record._kept import EVALUATED_IN, EVALUATION

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Entity

EXPORTS = "export"


def deploy_champion(client: "MlflowClient", model: str) -> Path | None:
    """Lay the champion's files into models/; None, and none are there, without one or for one that is not ours."""
    try:
        version = usable(client, model)
    except UsageError:
        version = None
    if version is None:
        withdraw(model)
        return None
    with tempfile.TemporaryDirectory(prefix="detector-champion-") as scratch:
        run, files = _files_of(client, version, Path(scratch))
        return deploy(model, str(version.version), run, files)


def _files_of(client: "MlflowClient", version: "Entity", into: Path) -> tuple[str, dict[str, Path]]:
    """The run that measured the version last, and all files to deploy by their place; they are brought to `into`."""
    weights = client.download_artifacts(version.run_id, f"{FOLDER}/{version.tags['file']}", str(into))
    model = version.name
    files = {f"{model}.pt": Path(weights)}
    run_id = version.tags.get(EVALUATED_IN, version.run_id)
    for path in (each for folder in (EXPORTS, EVALUATION) for each in _files(client, run_id, folder)):
        folder, _, file = path.rpartition("/")
        if place := place_of(model, folder, file):
            files[place] = Path(client.download_artifacts(run_id, path, str(into)))
    return str(client.get_run(run_id).data.tags.get(RUN, "")), files


def _files(client: "MlflowClient", run_id: str, folder: str) -> Iterator[str]:
    """Every file below a folder of a run's artifacts."""
    for entry in client.list_artifacts(run_id, folder):
        if entry.is_dir:
            yield from _files(client, run_id, entry.path)
        else:
            yield entry.path
