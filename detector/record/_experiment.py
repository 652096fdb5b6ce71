"""The experiment that holds a pipeline's runs, and where its files lie."""

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from detector.errors import DetectorError
from detector.record._address import database_file, is_server
from detector.record._moved import PLACE, artifacts_of
from detector.record._page import describe
from detector.system.lock import is_shared

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

RUN = "detector.run"  # a tag: the name of its run folder
VERDICT = "verdict"  # a tag: what the run came to, in a few words
STUDY = "detector.study"  # a tag: the study that it is of, or that it is a training of


def experiment_id(client: "MlflowClient", uri: str, name: str) -> str:
    """The id of the experiment `name`; a new one keeps its files beside the database, not in ./mlruns."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        made = client.create_experiment(name, None if is_server(uri) else _artifacts(uri).as_uri())
        describe(client, client.get_experiment(made))
        return str(made)
    number = experiment.experiment_id
    if experiment.lifecycle_stage == "deleted":
        raise DetectorError(
            f"the MLflow experiment {name} was deleted: "
            f"`mlflow experiments restore --experiment-id {number}` brings it back, `mlflow gc` ends it"
        )
    _check_writable(experiment.artifact_location)
    describe(client, experiment)
    return str(number)


def _artifacts(uri: str) -> Path:
    return artifacts_of(database_file(uri) or Path("runs/mlflow.db"))


def _check_writable(location: str) -> None:
    """MLflow keeps absolute paths: a store from another machine or a container may point nowhere."""
    if not location.startswith(("file:", "/")):
        return
    folder = Path(url2pathname(urlsplit(location).path))
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(nearest, os.W_OK):
        raise DetectorError(
            f"this MLflow store keeps its files in {folder}, which can't be written here: "
            "work where it was made, or give `record: uri:` a new store"
        )


def reopened(client: "MlflowClient", experiment: str, folder: str, place: str) -> "Run | None":
    """The run of this run folder, RUNNING again; None when there is none."""
    runs = client.search_runs([experiment], f"tags.`{RUN}` = '{folder}'")
    run = next((run for run in runs if run.data.tags.get(PLACE) == place), None)
    if run is not None:
        for tag in {"error", VERDICT} & run.data.tags.keys():
            client.delete_tag(run.info.run_id, tag)
        client.update_run(run.info.run_id, "RUNNING", folder)
    return run


def close_abandoned(client: "MlflowClient", experiment: str, place: str, but: "Run | None", workers: Path) -> None:
    """Runs that were killed in this folder are still RUNNING in MLflow: end them.

    Their names and VERDICT tell it. Those of studies end only if none of the `workers` lives: `detector run` and
    `detector tune` may be at work at once.
    """
    searched = is_shared(workers)
    for run in _running(client, experiment, place):
        at_work = searched and STUDY in run.data.tags
        if not at_work and (but is None or run.info.run_id != but.info.run_id):
            client.set_terminated(run.info.run_id, "KILLED")
            if STUDY not in run.data.tags:  # a search keeps its name, under which it goes on
                client.set_tag(run.info.run_id, VERDICT, "killed")
                client.update_run(run.info.run_id, name=f"killed · {run.info.run_name}")


def end_killed_studies(client: "MlflowClient", experiment: str, place: str) -> None:
    """The runs of studies whose workers were killed end; call it when none of them lives."""
    for run in _running(client, experiment, place):
        if STUDY in run.data.tags:
            client.set_terminated(run.info.run_id, "KILLED")


def _running(client: "MlflowClient", experiment: str, place: str) -> list["Run"]:
    """The runs that MLflow takes for RUNNING, of this machine and folder."""
    running = client.search_runs([experiment], "attributes.status = 'RUNNING'")
    return [run for run in running if run.data.tags.get(PLACE) == place]
