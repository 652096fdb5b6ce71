"""What benchmarks of engines share: an ONNX file of a network of any size, and pictures for it."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from detector.models.quiet import quietly
from detector.stages import load
from tests.support import tiny
from tests.support.jobs import job

NANO = (0.5, 0.25, 1024)  # depth, width and most channels of yolo11n
CALM, DOUBT = 0.0003, -1.5  # of the scores' logits


def exported(folder: Path, scale: tuple[float, float, int], pixels: int) -> Path:
    """An ONNX file, with its sidecar, of an untrained yolo11 that takes any number of pictures of this size."""
    weights, version = tiny.weights(folder, image_size=pixels, scale=scale), tiny.dataset(folder)
    _calm(weights, folder / "log")
    options = load("export", "onnx").Options(dynamic=True, tolerance={"box": 99, "score": 1}, max_drop=1.0)
    work = job(folder / "export", options, train=weights.parent.parent, convert=version.folder)
    load("export", "onnx").run(work)
    [file] = work.folder.glob("*.onnx")
    return file


def _calm(weights: Path, log: Path) -> None:
    """An untrained network is sure of thousands of objects; let it be of some, as a trained one is."""
    with quietly(log):
        import torch

        checkpoint = torch.load(weights, weights_only=False)
        for branch in checkpoint["model"].model[-1].cv3:
            branch[-1].weight.data.mul_(CALM)
            branch[-1].bias.data.fill_(DOUBT)
        torch.save(checkpoint, weights)


def photos(folder: Path, count: int = 16) -> Path:
    """A folder with JPEGs of 640 x 480: soft noise, and rectangles on it."""
    folder.mkdir()
    for number in range(count):
        random = np.random.default_rng(number)
        photo = Image.fromarray(random.integers(60, 200, (12, 16, 3), np.uint8)).resize((640, 480), Image.BICUBIC)
        for _ in range(6):
            left, top = random.integers(0, (520, 360)).tolist()
            colour = tuple(random.integers(0, 255, 3).tolist())
            ImageDraw.Draw(photo).rectangle((left, top, left + 100, top + 100), fill=colour)
        photo.save(folder / f"{number:03}.jpg", quality=92)
    return folder
