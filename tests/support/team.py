"""A team's project on a Label Studio server: discs and squares that a micro network learns in seconds.

Some of its tasks are annotated, and some are not; beside it a folder with a pipeline on it.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.support.services.label_studio import BOXES, Server

WIDTH, HEIGHT = 160, 120
CLASSES = ("disc", "square")
PIPELINE = """
name: shapes
task: detect
classes: [disc, square]
pull: {{using: label_studio, url: {url}, token: "${{LABEL_STUDIO_TOKEN}}", project: {project}}}
convert: {{split: {{field: split}}}}
check: {{using: rules}}
train:
  model: yolo11n.yaml
  scale: [0.33, 0.125, 256]
  epochs: {epochs}
  image_size: 128
  batch: 8
  augment: []
  options: {{mosaic: 0, optimizer: AdamW, lr0: 0.004, nbs: 8, warmup_epochs: 1, close_mosaic: 0, cache: ram, plots: false, workers: 0}}
record: {{uri: sqlite:///runs/mlflow.db}}
export: [{{using: onnx, max_drop: 1}}]
"""  # noqa: E501


@dataclass(frozen=True)
class Team:
    """The folder with its pipeline.yaml, the server, and the tasks of the project: those annotated, and the others."""

    folder: Path
    server: Server
    project: int
    labelled: list[int]
    unlabelled: list[int]

    def predictions(self, task: int) -> list[dict]:
        return self.server.ask("GET", "/api/predictions/", params={"task": task})

    def annotate(self, task: int, result: list[dict]) -> dict:
        return self.server.ask("POST", f"/api/tasks/{task}/annotations/", json={"result": result})


def tray(seed: int) -> tuple[bytes, list[tuple[int, tuple[float, float, float, float]]]]:
    """A PNG, and what is on it: class id and left, top, width, height in pixels."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(90, 130, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    shapes: list[tuple[int, tuple[float, float, float, float]]] = []
    while len(shapes) < 2 + seed % 3:
        side = int(rng.integers(22, 40))
        x, y = int(rng.integers(0, WIDTH - side)), int(rng.integers(0, HEIGHT - side))
        if any(abs(x - a) < max(side, c) + 4 and abs(y - b) < max(side, c) + 4 for _, (a, b, c, _) in shapes):
            if rng.random() < 0.05:
                break
            continue
        label, colour = int(rng.integers(2)), [int(each) for each in rng.integers(0, 120, 3)]
        colour[2 * label] = 250  # discs are red, squares blue: shape and colour are soon learned
        if label:
            cv2.rectangle(pixels, (x, y), (x + side - 1, y + side - 1), colour, -1)
        else:
            cv2.circle(pixels, (x + side // 2, y + side // 2), side // 2, colour, -1)
        shapes.append((label, (x, y, side, side)))
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "png")
    return content.getvalue(), shapes


def region(number: int, label: int, box: tuple[float, float, float, float]) -> dict:
    """As an annotator draws it."""
    x, y, width, height = box
    place = {"x": x / WIDTH * 100, "y": y / HEIGHT * 100, "width": width / WIDTH * 100, "height": height / HEIGHT * 100}
    names = {"from_name": "boxes", "to_name": "image", "type": "rectanglelabels", "id": f"r{number}"}
    sizes = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    return names | sizes | {"value": place | {"rotation": 0, "rectanglelabels": [CLASSES[label]]}}


def team(
    folder: Path,
    server: Server,
    *,
    labelled: int,
    unlabelled: int,
    epochs: int,
    spoil: Callable[[list[list[dict]]], None] = lambda _: None,
) -> Team:
    """`spoil` may change the regions of each annotated task before they are imported."""
    made = [tray(seed) for seed in range(labelled + unlabelled)]
    project = server.project(f"Shapes {folder.name}", BOXES)
    names = [f"tray-{number:03}.png" for number in range(len(made))]
    references = server.upload(project, {name: content for name, (content, _) in zip(names, made, strict=True)})
    results = [[region(at, *shape) for at, shape in enumerate(shapes)] for _, shapes in made[:labelled]]
    spoil(results)
    tasks = [
        {"data": {"image": references[name], "split": ("val", "test", "train", "train", "train")[at % 5]}}
        for at, name in enumerate(names)
    ]
    annotated = [
        task | {"annotations": [{"result": result}]} for task, result in zip(tasks[:labelled], results, strict=True)
    ]
    known = server.add_tasks(project, annotated)
    others = server.add_tasks(project, tasks[labelled:]) if unlabelled else []
    (folder / "pipeline.yaml").write_text(PIPELINE.format(url=server.url, project=project, epochs=epochs))
    return Team(folder, server, project, known, others)
