"""The smallest real things that later stages take: a dataset version, and untrained weights."""

from pathlib import Path

import numpy as np
from PIL import Image

from detector.data.dataset import Dataset
from detector.data.trained import MadeFrom, Trained
from detector.models.quiet import quietly
from detector.models.weights import architecture as architecture_file
from detector.models.weights import fingerprint
from detector.terms import SPLITS
from tests.support import versions

CLASSES = ["größe (cm)", "红细胞"]
SIZES = {"train": 4, "val": 2, "test": 3}  # images


def dataset(parent: Path, version: str = "0123456789ab") -> Dataset:
    """A version with one square on every image; the class ids alternate."""
    folder = parent / version
    images, instances = [], []
    for split in SPLITS:
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for _ in range(SIZES[split]):
            row = _image(folder, split, len(images))
            instances.append({"image": len(images), "task_id": row["task_id"], **_square(len(images))})
            images.append(row)
    return versions.write(folder, images, instances, CLASSES, test_set=f"tests{version[:7]}")


def weights(
    folder: Path, architecture: str = "yolo11n", image_size: int = 96, seed: int = 0, scale=(0.33, 0.125, 256)
) -> Path:
    """An untrained micro checkpoint, as `train` leaves one: weights/best.pt and trained.json."""
    path = folder / "weights" / "best.pt"
    path.parent.mkdir(parents=True)
    with quietly(folder / "log"):
        import torch
        from ultralytics.nn.tasks import DetectionModel, SegmentationModel

        torch.manual_seed(seed)
        task, build = ("segment", SegmentationModel) if architecture.endswith("-seg") else ("detect", DetectionModel)
        layers = architecture_file(f"{architecture}.yaml", scale, folder)
        network = build(layers, nc=len(CLASSES), verbose=False)
        network.names = dict(enumerate(CLASSES))
        _liven(network, image_size)
        torch.save({"model": network, "train_args": {"task": task, "imgsz": image_size}}, path)
    made_from = MadeFrom("0123456789ab", task, CLASSES, f"{architecture}.yaml", image_size, fingerprint(path))
    Trained(folder).write(made_from)
    return path


def _liven(network, image_size: int) -> None:
    """A fresh network says the same of everything: normalise its activations, and shake its head."""
    import torch

    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.rand(4, 3, image_size, image_size))
        for parameter in network.model[-1].parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    network.eval()


def _image(folder: Path, split: str, index: int) -> dict:
    pixels = np.random.default_rng(index).integers(0, 90, (60, 80, 3), dtype=np.uint8)
    pixels[15:45, 20:60] = (200, 60 * (index % 2), 40)
    file = f"{split}/{index:08}-square.png"
    Image.fromarray(pixels).save(folder / "images" / file)
    (folder / "labels" / file).with_suffix(".txt").write_text(f"{index % 2} 0.5 0.5 0.5 0.5\n")
    row = {"task_id": index, "file": file, "split": split, "width": 80, "height": 60, "sha256": f"{index:064}"}
    return {**row, "source": f"{index}.png", "link": None, "status": "annotated"}


def _square(index: int) -> dict:
    box = {"x": 0.5, "y": 0.5, "width": 0.5, "height": 0.5, "polygon": None}
    return {"region_id": f"r{index}", "annotator": "ada", "class_id": index % 2, **box}
