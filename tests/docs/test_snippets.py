"""The code in docs/snippets does what it says, on what a real export left."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.inference.predictors import Engine
from detector.stages import load
from tests.stages.export.test_exporters import made, untrained
from tests.support import tiny

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets"
SCORE, SIZE = 0.001, (120, 80)  # width and height of the picture


@pytest.mark.slow
@pytest.mark.parametrize("half", [False, True])
def test_onnx_predict_sees_what_detector_predict_sees(half, tmp_path):
    work = made(untrained(tmp_path, "yolo11n"), "onnx", half=half)
    load("export", "onnx").run(work)
    [model] = work.folder.glob("*.onnx")
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    command = [sys.executable, SNIPPETS / "onnx_predict.py", model, tmp_path / "a.png", str(SCORE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    [seen] = Engine(model, SCORE)([np.ascontiguousarray(pixels[..., ::-1])])
    corners = (seen.boxes[:, :2] - seen.boxes[:, 2:] / 2) * SIZE
    known = np.column_stack([seen.class_ids, seen.scores, corners, seen.boxes[:, 2:] * SIZE])
    assert len(told) > 0
    for each in told:
        left, top, width, height = each["box"]
        right, bottom = min(left + width, SIZE[0]), min(top + height, SIZE[1])
        left, top = max(left, 0), max(top, 0)
        row = [tiny.CLASSES.index(each["class"]), each["score"], left, top, right - left, bottom - top]
        assert abs(known - row).max(axis=1).min() < 0.05
