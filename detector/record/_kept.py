"""What MLflow keeps of a registered version, brought here."""

from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import UsageError
from detector.record import Kept
from detector.record._champion import CHAMPION, holds, with_alias
from detector.record._experiment import RUN

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as Entity

EVALUATED_IN = "evaluated_in"  # a tag of a version: the run that measured it last
EVALUATION = "evaluate"  # of that run: what the stage of the name left
_FILE = f"{EVALUATION}/evaluation.json"


def evaluation_of(client: "MlflowClient", version: "Entity", into: Path) -> Path | None:
    """The folder of the version's Evaluation, below `into`; None where its run has none of it."""
    run_id = version.tags.get(EVALUATED_IN)
    if run_id is None or not holds(client, run_id, _FILE):
        return None
    return Path(client.download_artifacts(run_id, EVALUATION, str(into)))


def kept_of(client: "MlflowClient", model: str, number: str | None, into: Path) -> Kept:
    """A version by its number, or the champion. Raises UsageError where there is none, or nothing is kept of it."""
    version = with_alias(client, model, CHAMPION) if number is None else _version(client, model, number)
    if version is None:
        raise UsageError(f"{model} has no champion yet: `detector run` names the first one")
    folder = evaluation_of(client, version, into)
    if folder is None:
        raise UsageError(
            f"the predictions of version {version.version} of {model} are not kept: an earlier detector registered it, "
            "or its run was deleted; name a run in its place"
        )
    run = client.get_run(version.tags[EVALUATED_IN])
    return Kept(str(version.version), run.data.tags.get(RUN, ""), folder)


def _version(client: "MlflowClient", model: str, number: str) -> "Entity":
    versions = {str(each.version): each for each in client.search_model_versions(f"name = '{model}'")}
    if number not in versions:
        numbers = ", ".join(sorted(versions, key=int)) or "none"
        raise UsageError(f"{model} has no version {number} in MLflow; there is: {numbers}")
    return versions[number]
