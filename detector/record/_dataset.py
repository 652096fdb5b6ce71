"""A dataset version as an MLflow dataset input."""

import json
from typing import TYPE_CHECKING, Any

from detector.data.dataset import Dataset
from detector.terms import SPLITS

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput


def dataset_input(name: str, dataset: Dataset) -> "DatasetInput":
    """The version as an input: digest, where it lies, its classes as schema, its counts as profile.

    MLflow keeps one input for a name and digest, so the splits share it; its context names those that hold images.
    """
    from mlflow.entities import Dataset as Entity
    from mlflow.entities import DatasetInput, InputTag

    counts = _counts(dataset)
    entity = Entity(
        name=name,
        digest=dataset.version,
        source_type="local",
        source=json.dumps({"uri": dataset.folder.resolve().as_uri()}),
        schema=json.dumps({"mlflow_colspec": _columns(dataset)}),
        profile=json.dumps(counts, ensure_ascii=False),
    )
    context = ", ".join(split for split in SPLITS if counts[split]["images"])
    return DatasetInput(entity, [InputTag("mlflow.data.context", context)])


def _columns(dataset: Dataset) -> list[dict[str, Any]]:
    """The columns of instances.parquet, in the form that MLflow's page shows."""
    return [
        {"name": field.name, "type": str(field.type), "required": not field.nullable}
        for field in dataset.instances.schema
    ]


def _counts(dataset: Dataset) -> dict[str, Any]:
    """Images, and objects by class, of every split."""
    kept = dataset.conversion["kept"]
    return {
        split: {"images": images, "objects": kept["objects_in"][split]} for split, images in kept["images_in"].items()
    }
