"""One MLflow run for every `detector run`: parameters, metrics, data, artifacts, models, and how it ended."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from detector.data.places import MODELS
from detector.errors import DetectorError
from detector.record import Kept
from detector.record._address import address_fault
from detector.stages import Section

if TYPE_CHECKING:
    from detector.record._record import Record
    from detector.record._tuning import Tuning

LIBRARIES = ("mlflow",)


class Options(Section):
    """Record every run in MLflow."""

    using: Literal["mlflow"] = "mlflow"
    uri: str = Field(
        default="sqlite:///runs/mlflow.db", description="a SQLite file, an MLflow server (http://…) or its database"
    )

    @field_validator("uri")
    @classmethod
    def _is_an_address(cls, uri: str) -> str:
        if problem := address_fault(uri):
            raise ValueError(problem)
        return uri


def open(  # noqa: A001 - read as mlflow.open
    options: Options,
    pipeline_name: str,
    folder: Path,
    tags: Mapping[str, str],
) -> "Record":
    """Open a run in the experiment `pipeline_name`.

    The run is that of `folder`, and opened again if it has been there. It gets the pipeline.yaml that lies there, and
    keeps there, in journal.jsonl, what it is told. Call it while holding the run lock: other runs that this project
    left RUNNING are marked KILLED.

    Raises:
        TryAgain: MLflow can't be reached.
        DetectorError: Its store can't be used from here.
    """
    from detector.data.studies import workers_of
    from detector.record._client import connect, failures
    from detector.record._described import Told
    from detector.record._experiment import RUN, close_abandoned, experiment_id, reopened
    from detector.record._moved import PLACE, place
    from detector.record._page import report_of, shown
    from detector.record._record import Record
    from detector.record._writer import Writer

    _refuse_if_lost(options.uri, pipeline_name)
    client = connect(options.uri)
    tags = {**tags, RUN: folder.name}
    with failures(options.uri):
        experiment = experiment_id(client, options.uri, pipeline_name)
        here = place()
        run = reopened(client, experiment, folder.name, here)
        close_abandoned(client, experiment, here, run, workers_of(pipeline_name))
        if run is None:
            source = {"mlflow.source.name": "detector run", "mlflow.source.type": "LOCAL", PLACE: here}
            run = client.create_run(experiment, tags={**source, **tags}, run_name=folder.name)
    writer = Writer(client, options.uri, run.info.run_id, folder / "journal.jsonl", run.data.params)
    writer.tags(tags)
    writer.artifact(folder / "pipeline.yaml")
    told = Told(folder.name, report_of(experiment, writer.run_id))
    return Record(writer, pipeline_name, shown(options.uri, experiment, writer.run_id), told)


def _refuse_if_lost(uri: str, pipeline_name: str) -> None:
    """An empty record would crown whatever comes first. Raises DetectorError where there was a champion."""
    from detector.data import champion
    from detector.record._address import database_file

    file, known = database_file(uri), champion.read(pipeline_name)
    if file and known and not (file.exists() and file.stat().st_size):
        left = f"{champion.file_of(pipeline_name)} and {MODELS / pipeline_name}"
        raise DetectorError(
            f"the record {file} is gone, with every run and model in it, and version {known.version} was champion: "
            f"bring the file back, or move {left} away to begin anew"
        )


def tuning(options: Options, pipeline_name: str, study: str, alone: bool) -> "Tuning":
    """Open the record of a study, anew or again; `alone`: no other worker lives, and what such ones left RUNNING ends.

    Raises:
        TryAgain: MLflow can't be reached.
        DetectorError: Its store can't be used from here.
    """
    from detector.record._client import connect, failures
    from detector.record._experiment import STUDY, end_killed_studies, experiment_id
    from detector.record._moved import PLACE, place
    from detector.record._tuning import Tuning

    client = connect(options.uri)
    with failures(options.uri):
        experiment = experiment_id(client, options.uri, pipeline_name)
        if alone:
            end_killed_studies(client, experiment, place())
    return Tuning(client, options.uri, experiment, pipeline_name, {PLACE: place(), STUDY: study})


def rollback(options: Options, pipeline_name: str) -> tuple[str, str]:
    """Give the alias champion back to the version that had it before; returns (old, new) version numbers."""
    from detector.data import champion
    from detector.record import _champion, _registry
    from detector.record._client import connect, failures
    from detector.record._fetched import deploy_champion

    client = connect(options.uri)
    with failures(options.uri):
        old, new = _registry.rollback(client, pipeline_name)
        version = client.get_model_version(pipeline_name, new)
        champion.note(pipeline_name, new, _champion.metrics_of(version))
        deploy_champion(client, pipeline_name)
        return old, new


def kept(options: Options, pipeline_name: str, version: str | None, into: Path) -> Kept:
    """What is kept of a registered version, or with None of the champion; its evaluation is brought to `into`.

    Raises:
        UsageError: There is no such version, or nothing is kept of it.
        TryAgain: MLflow can't be reached.
    """
    from detector.record._client import connect, failures
    from detector.record._kept import kept_of

    client = connect(options.uri)
    with failures(options.uri):
        return kept_of(client, pipeline_name, version, into)


def needed(options: Options, pipeline_name: str) -> set[str]:
    """Names of the run folders and the dataset versions behind the champion and the one that a rollback would name.

    Raises:
        TryAgain: MLflow can't be reached.
        DetectorError: Its store is not there.
    """
    from detector.record import _registry
    from detector.record._address import database_file
    from detector.record._client import connect, failures
    from detector.record._experiment import RUN

    file = database_file(options.uri)
    if file is not None and not file.exists():
        raise DetectorError(f"the record {file} is not there")
    client = connect(options.uri, only_look=True)
    names: set[str] = set()
    with failures(options.uri):
        for version in _registry.needed(client, pipeline_name):
            run = client.get_run(version.run_id)
            names |= {run.data.tags.get(RUN, ""), *(used.dataset.digest for used in run.inputs.dataset_inputs)}
    return names - {""}
