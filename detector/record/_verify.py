"""Reads a run back and says what is not there."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from detector.record._writer import Written

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def missing(client: "MlflowClient", run_id: str, written: Written) -> list[str]:
    """What was written to the run and can't be read back, a line for each."""
    run = client.get_run(run_id)
    return [
        *_parameters(run, written),
        *_tags(run, written),
        *_datasets(run, written),
        *_metrics(client, run_id, written),
        *_artifacts(client, run_id, written),
        *_models(client, written),
    ]


def _parameters(run: "Run", written: Written) -> Iterator[str]:
    for name, value in written.parameters.items():
        if run.data.params.get(name) != value:
            yield f"parameter {name}"


def _tags(run: "Run", written: Written) -> Iterator[str]:
    for name, value in written.tags.items():
        if run.data.tags.get(name) != value:
            yield f"tag {name}"


def _datasets(run: "Run", written: Written) -> Iterator[str]:
    recorded = {(entry.dataset.name, entry.dataset.digest) for entry in run.inputs.dataset_inputs}
    for name, digest in sorted(written.datasets - recorded):
        yield f"dataset {name} {digest}"


def _metrics(client: "MlflowClient", run_id: str, written: Written) -> Iterator[str]:
    for name, values in written.metrics.items():
        recorded: dict[int, list[float]] = {}
        for metric in client.get_metric_history(run_id, name):
            recorded.setdefault(metric.step, []).append(metric.value)
        for step, value in values.items():
            if not any(_same(value, stored) for stored in recorded.get(step, [])):
                yield f"metric {name} at step {step}"


def _same(value: float, stored: float) -> bool:
    if math.isinf(value):  # a database without infinity holds its largest number
        return abs(stored) > 1e308 and (stored > 0) == (value > 0)
    return stored == value or (math.isnan(value) and (math.isnan(stored) or stored == 0))


def _artifacts(client: "MlflowClient", run_id: str, written: Written) -> Iterator[str]:
    sizes: dict[str, int] = {}
    for folder in sorted({path.rpartition("/")[0] for path in written.artifacts}):
        sizes |= {entry.path: entry.file_size for entry in client.list_artifacts(run_id, folder or None)}
    for path, size in written.artifacts.items():
        if path not in sizes:
            yield f"artifact {path}"
        elif sizes[path] != size:
            yield f"artifact {path} ({sizes[path]} of {size} bytes)"


def _models(client: "MlflowClient", written: Written) -> Iterator[str]:
    for name, number in sorted(written.models):
        versions = client.search_model_versions(f"name = '{name}'")
        if number not in {str(version.version) for version in versions}:
            yield f"registered model {name}, version {number}"
