"""One MLflow run for every `detector run`: parameters, metrics, data, artifacts, models, and how it ended."""

import platform
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from detector.stages import Section

if TYPE_CHECKING:
    from detector.record._record import Record

LIBRARIES = ("mlflow",)


class Options(Section):
    """Record every run in MLflow."""

    using: Literal["mlflow"] = "mlflow"
    uri: str = Field(
        default="sqlite:///runs/mlflow.db", description="a SQLite file, an MLflow server (http://…) or its database"
    )


def open(  # noqa: A001 - read as mlflow.open
    options: Options,
    pipeline_name: str,
    resolved_yaml: str,
    tags: Mapping[str, str],
    secrets: Collection[str] = (),
) -> "Record":
    """Open a run in the experiment `pipeline_name`; `secrets` are kept out of what is told of a failure.

    Call it while holding the run lock: runs that this folder left RUNNING are marked KILLED.

    Raises:
        TryAgain: MLflow can't be reached.
        DetectorError: Its store can't be used from here.
    """
    from detector.record._client import connect, failures
    from detector.record._experiment import PLACE, close_abandoned, experiment_id, url_hint
    from detector.record._record import Record
    from detector.record._writer import Writer

    client = connect(options.uri)
    with failures(options.uri):
        experiment = experiment_id(client, options.uri, pipeline_name)
        place = f"{platform.node()}:{Path.cwd()}"
        close_abandoned(client, experiment, place)
        source = {"mlflow.source.name": "detector run", "mlflow.source.type": "LOCAL", PLACE: place}
        run_id = client.create_run(experiment, tags=source, run_name=tags.get("detector.run")).info.run_id
    writer = Writer(client, options.uri, run_id)
    writer.tags(tags)
    writer.text("pipeline.yaml", resolved_yaml)
    return Record(writer, pipeline_name, url_hint(options.uri, experiment, run_id), secrets)


def rollback(options: Options, pipeline_name: str) -> tuple[str, str]:
    """Give the alias champion back to the version that had it before; returns (old, new) version numbers."""
    from detector.record import _registry
    from detector.record._client import connect, failures

    client = connect(options.uri)
    with failures(options.uri):
        return _registry.rollback(client, pipeline_name)
