"""What int8 takes its ranges from."""

from typing import Any

from detector.data.dataset import Dataset

IMAGES = 512  # of the training images, as NVIDIA recommends about 500, and Intel 300


def calibration(dataset: Dataset) -> dict[str, Any]:
    """The exporter's arguments for int8; without `data` it would take pictures unlike the model's."""
    images = dataset.conversion["kept"]["images_in"]["train"]
    return {"data": str(dataset.data_yaml), "split": "train", "fraction": [min(IMAGES, images), 1.0]}
