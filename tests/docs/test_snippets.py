"""The code in docs/snippets does what it says, on what a real export left."""

import json
import shutil
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

GXX = shutil.which("g++")
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


@pytest.mark.slow
@pytest.mark.skipif(GXX is None, reason="no g++ on this machine (apt-get install g++)")
def test_the_cpp_of_an_onnx_file_sees_what_its_engine_does(tmp_path):
    """Compiled with the headers and libraries of OpenVINO's own wheel."""
    openvino = Path(pytest.importorskip("openvino").__file__).parent
    work = made(untrained(tmp_path, "yolo11n"), "onnx")
    load("export", "onnx").run(work)
    [model] = work.folder.glob("*.onnx")
    libraries, program = openvino / "libs", tmp_path / "onnx_predict"
    [library] = libraries.glob("libopenvino.so.*")
    paths = (f"-Wl,-rpath,{libraries}", f"-Wl,-rpath-link,{libraries}")
    command = [GXX, "-std=c++17", SNIPPETS / "onnx_predict.cpp", f"-I{openvino / 'include'}", library, *paths]
    subprocess.run([*command, "-o", program], check=True)
    pixels = np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8)
    (tmp_path / "a.ppm").write_bytes(b"P6\n96 96\n255\n" + pixels.tobytes())
    least = 0.2
    done = subprocess.run(
        [program, model, tmp_path / "a.ppm", str(least), str(len(tiny.CLASSES))],
        capture_output=True,
        text=True,
        check=True,
    )
    told = np.array([[float(value) for value in line.split()] for line in done.stdout.splitlines()])
    [seen] = Engine(model, least)([np.ascontiguousarray(pixels[..., ::-1])])
    corners = np.hstack([seen.boxes[:, :2] - seen.boxes[:, 2:] / 2, seen.boxes[:, :2] + seen.boxes[:, 2:] / 2]) * 96
    known = np.column_stack([seen.class_ids, seen.scores, corners])
    assert 0 < len(told) == len(known) < 300
    for row in np.hstack([told[:, :2], told[:, 2:].clip(0, 96)]):
        assert abs(known - row).max(axis=1).min() < 0.05


@pytest.mark.skipif(GXX is None, reason="no g++ on this machine (apt-get install g++)")
def test_the_cpp_of_a_plan_is_right_by_what_tensorrt_declares():
    """Its syntax and types alone: the library is not to be had here, so it is not run."""
    declared = Path(__file__).parent / "tensorrt"
    command = [GXX, "-std=c++17", "-fsyntax-only", "-Wall", "-Werror", f"-I{declared}", SNIPPETS / "plan_predict.cpp"]
    subprocess.run(command, check=True)
