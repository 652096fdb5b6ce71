"""The champion's files, as MLflow keeps them."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from detector.data.deployed import deploy, place_of, withdraw
from detector.errors import UsageError
from detector.record._champion import ours
from detector.record._experiment import RUN
from detector.record._kept import EVALUATED_IN, EVALUATION
from detector.record._weights import weights_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Entity

EXPORTS = "export"
log = logging.getLogger(__name__)


def deploy_champion(client: "MlflowClient", model: str) -> Path | None:
    """Lay the champion's files into models/; None, and none are there, without one or for one that is not ours."""
    try:
        version = ours(client, model)
        with tempfile.TemporaryDirectory(prefix="detector-champion-") as scratch:
            if version is not None:
                run, files = _files_of(client, version, Path(scratch))
                return deploy(model, str(version.version), run, files)
    except UsageError as error:
        log.warning("the champion is not deployed: %s", error)
    withdraw(model)
    return None


def _files_of(client: "MlflowClient", version: "Entity", into: Path) -> tuple[str, dict[str, Path]]:
    """The run that measured the version last, and all files to deploy by their place; they are brought to `into`."""
    model = version.name
    files = {f"{model}.pt": weights_of(client, version, into)}
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
