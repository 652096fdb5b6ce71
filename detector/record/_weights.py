"""The weights of a registered version: as MLflow keeps them, or else a copy that is here; its SHA-256 tells."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from detector.data.places import MODELS, RUNS
from detector.errors import UsageError
from detector.record._champion import FOLDER, holds, ours, way_out
from detector.system.files import sha256_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Entity

SHA256 = "sha256"  # a tag of a version: of its weights
log = logging.getLogger(__name__)


def weights_of(client: "MlflowClient", version: "Entity", into: Path) -> Path:
    """The weights, brought to `into`. What MLflow has lost, or has otherwise, is put back from a copy.

    Raises:
        UsageError: They are not what was registered, and no copy is here.
    """
    file, expected = f"{FOLDER}/{version.tags['file']}", version.tags.get(SHA256)
    if holds(client, version.run_id, file):
        weights = Path(client.download_artifacts(version.run_id, file, str(into)))
        if expected in (None, sha256_of(weights)):
            return weights
    return restored(client, version, into)


def restored(client: "MlflowClient", version: "Entity", into: Path) -> Path:
    """The weights from a copy in `into`, and in MLflow again. Raises UsageError where there is none."""
    expected = version.tags.get(SHA256)
    copy = next((file for file in _copies(version.name) if sha256_of(file) == expected), None)
    if copy is None:
        raise UsageError(
            f"the weights of version {version.version} of {version.name} in MLflow ({version.source}) are gone or "
            "damaged, and there is no copy in models/ or runs/"
        )
    into.mkdir(parents=True, exist_ok=True)
    weights = into / str(version.tags["file"])
    shutil.copyfile(copy, weights)
    client.log_artifact(version.run_id, str(weights), FOLDER)
    log.warning("MLflow had lost the weights of version %s; they were put back from %s", version.version, copy)
    return weights


def usable(client: "MlflowClient", model: str, into: Callable[[], Path]) -> "Entity | None":
    """The champion; None when there is none. Weights that MLflow has lost are put back, by way of the folder `into`.

    Raises:
        UsageError: A person named one that can't be compared with, or its weights are gone.
    """
    version = ours(client, model)
    if version and not holds(client, version.run_id, f"{FOLDER}/{version.tags['file']}"):
        try:
            restored(client, version, into())
        except UsageError as error:
            raise UsageError(f"{error}: {way_out(client, model)}") from error
    return version


def _copies(model: str) -> Iterator[Path]:
    """Whatever may be the weights: what was deployed, and what runs here have trained."""
    yield from MODELS.glob(f"{model}/[0-9]*/{model}.pt")
    yield from RUNS.glob("*/train/weights/best.pt")
