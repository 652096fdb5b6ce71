"""A run with nothing new: 10,000 tasks of an export with 100,000 boxes, all seven stages done before.

    python benchmarks/unchanged.py [TASKS]     so many tasks with ten boxes each; without DVC, which would take long

Beside it `dvc repro` with nothing new, on seven stages over the same 10,000 images and as many label files. Wall
seconds and peak resident memory are medians of rounds that alternate. DVC is installed into .cache/dvc, and left out
with a line that says so where that can't be done. Everything is done once for real; the training is one epoch of a
micro network on a hundredth of the images, since what it learned is of no matter here.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import exports

ROOT = Path(__file__).parent.parent
TASKS, ROUNDS = 10_000, 5
SIZE = (64, 48)
DVC = "dvc==3.67.1"
PIPELINE = """
name: many
task: detect
classes: [car, dog, person]
pull: {using: label_studio_export, path: export.json}
convert: {split: {val: 0.01, test: 0.01}}
check: {using: rules}
train:
  {model: yolo11n.yaml, scale: [0.33, 0.125, 256], epochs: 1, image_size: 32, options: {fraction: 0.01, plots: false}}
"""
STAGES = """
stages:
  pull: {cmd: cp export.json pulled.json, deps: [export.json, upload], outs: [pulled.json]}
  convert: {cmd: cp -r datasets/many/latest/ version, deps: [pulled.json], outs: [version]}
  check: {cmd: echo 1 > check, deps: [version], outs: [check]}
  train: {cmd: echo 1 > train, deps: [version], outs: [train]}
  evaluate: {cmd: echo 1 > evaluate, deps: [version, train], outs: [evaluate]}
  export: {cmd: echo 1 > export, deps: [version, train], outs: [export]}
  promote: {cmd: echo 1 > promote, deps: [version, train, evaluate], outs: [promote]}
"""


def write_project(folder: Path, tasks: int) -> None:
    """An export, and a JPEG of noise for each of its tasks."""
    exports.write(folder / "export.json", tasks, 10, exports.boxes, SIZE)
    images = folder / "upload" / "1"
    images.mkdir(parents=True)
    noise = np.random.default_rng(0)
    for number in range(1, tasks + 1):
        pixels = noise.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
        Image.fromarray(pixels).save(images / f"{number:08d}-photo.jpg", quality=60)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "dvc.yaml").write_text(STAGES)


def install() -> Path | None:
    """DVC in an environment of its own; None when it can't be had."""
    folder = ROOT / ".cache" / "dvc"
    if not (folder / "bin" / "dvc").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        done = subprocess.run([folder / "bin" / "pip", "install", "-q", DVC], capture_output=True, check=False)
        if done.returncode:
            return None
    return folder / "bin" / "dvc"


def measure(command: Sequence[str | Path], folder: Path) -> tuple[float, float]:
    """Wall seconds, and peak resident memory in MB, of a command that has to end well."""
    started = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, command
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main(tasks: int) -> None:
    ours = [sys.executable, "-m", "detector", "run"]
    dvc = install() if tasks == TASKS else None
    theirs = [] if dvc is None else [dvc, "repro", "-q"]
    os.environ |= {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it, our modules are compiled anew in every run
    with tempfile.TemporaryDirectory(dir=os.environ.get("DETECTOR_BENCH_FOLDER")) as scratch:
        folder = Path(scratch)
        write_project(folder, tasks)
        measure(ours, folder)
        if dvc:
            measure([dvc, "init", "-q", "--no-scm"], folder)
            measure(theirs, folder)
        rounds = [(measure(ours, folder), measure(theirs, folder) if dvc else None) for _ in range(ROUNDS)]
        shown = subprocess.run([*ours, "--json"], cwd=folder, capture_output=True, check=True).stdout
    outcome = json.loads(shown)
    assert outcome["status"] == "unchanged", outcome
    line = {"name": f"unchanged_{tasks}", "stages": len(outcome["steps"]), **_medians([mine for mine, _ in rounds])}
    others = [other for _, other in rounds if other]
    if others:
        ratio = statistics.median(other[0] / mine[0] for mine, other in rounds if other)
        line |= {"ratio": round(ratio, 1), **{f"dvc_{name}": value for name, value in _medians(others).items()}}
    elif tasks == TASKS:
        line |= {"dvc": f"{DVC} could not be installed: not compared"}
    print(json.dumps(line), flush=True)


def _medians(measured: Sequence[tuple[float, float]]) -> dict[str, float]:
    seconds, megabytes = (statistics.median(column) for column in zip(*measured, strict=True))
    return {"seconds": round(seconds, 2), "peak_mb": round(megabytes)}


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else TASKS)
