"""A dataset version as an MLflow dataset input."""

import json
from typing import TYPE_CHECKING, Any

from detector.dataset import SPLITS, Dataset

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
    split_of = dataset.images["split"].to_pylist()
    counts: dict[str, Any] = {
        split: {"images": split_of.count(split), "objects": dict.fromkeys(dataset.classes, 0)} for split in SPLITS
    }
    rows = zip(dataset.instances["image"].to_pylist(), dataset.instances["class_id"].to_pylist(), strict=True)
    for image, class_id in rows:
        counts[split_of[image]]["objects"][dataset.classes[class_id]] += 1
    return counts
