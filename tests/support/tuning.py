"""A small project with a search in it, and workers at it: real processes of the real command."""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from detector import sample
from detector.terms import SPLITS
from tests.test_json import matches

IMAGES = 12
QUICK = """
import sys
from detector.cli import main
from detector.tuning import study
study.INTERVAL, study.GRACE = 1, 3  # seconds: a test does not wait for a minute
main()
"""
PIPELINE = """# the file of a test
name: parts
task: detect
classes: [Screw, Nut, Washer]
pull: {using: label_studio_export, path: sample/export.json}
convert: {split: {field: split}}
check: {using: rules, fail_on: {}}
train:
  model: yolo11n.yaml
  scale: [0.33, 0.125, 256]        # micro
  epochs: 1
  image_size: 32
  batch: 4
  options: {optimizer: AdamW, lr0: 0.005, mosaic: 0, workers: 0}   # what we have now
  tune:
    trials: 3
    seeds: 3
    space: {lr0: {log: [1e-3, 0.05]}, mosaic: {range: [0, 1]}, cos_lr: {choice: [true, false]}}
# the end
"""


def project(folder: Path) -> Path:
    """The folder, with pictures in train, val and test, and a pipeline that trains a micro network on them."""
    sample.write(folder / "sample", images=IMAGES, outlines=False)
    export = folder / "sample/export.json"
    tasks = json.loads(export.read_text())
    for at, each in enumerate(tasks):
        each["data"]["split"] = SPLITS[at % 3]
    export.write_text(json.dumps(tasks))
    (folder / "pipeline.yaml").write_text(PIPELINE)
    return folder


def worker(folder: Path, *arguments: str, settings: str = "") -> subprocess.Popen:
    """`detector tune --json` with a quick heart; `settings` is Python, run before."""
    command = [sys.executable, "-c", settings + QUICK, "tune", "--json", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen) -> dict:
    """What a worker printed, once it has ended well."""
    try:
        printed, said = process.communicate(timeout=3000)
    finally:
        process.kill()
    assert process.returncode == 0, said
    return matches("tune", printed, status="done")


def states(folder: Path) -> list[str]:
    """The state of every trial, as Optuna's database has it now."""
    file = folder / "runs/tune/parts/studies.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as database:
        there = database.execute("SELECT name FROM sqlite_master WHERE name = 'trials'").fetchall()
        return [state for (state,) in database.execute("SELECT state FROM trials ORDER BY trial_id")] if there else []


def remote(folder: Path, word: str = "engine=null") -> list[psutil.Process]:
    """Every worker that an engine has started in the folder, on whatever machine; `word` is one of its command's."""
    found = psutil.process_iter(["cmdline", "cwd"])
    return [each for each in found if word in (each.info["cmdline"] or []) and each.info["cwd"] == str(folder)]


def wait_until(running: int, folder: Path, *processes: subprocess.Popen, of: int = 1) -> None:
    """Until so many trials are worked on, and there are so many."""
    until = time.monotonic() + 300
    while (now := states(folder)).count("RUNNING") < running or len(now) < of:
        assert all(process.poll() is None for process in processes), [process.communicate() for process in processes]
        assert time.monotonic() < until
        time.sleep(0.05)


def wait_until_trains(trial: int, folder: Path, process: subprocess.Popen, file: str = "args.yaml") -> None:
    """Until Ultralytics is at work on the trial, or has written another file of it."""
    until = time.monotonic() + 300
    while not list((folder / "runs/tune/parts").glob(f"*/{trial:04}/train/{file}")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


SQUARES = """
name: parts
task: detect
classes: [Square]
pull: {using: yolo, path: data}
check: {using: rules, fail_on: {}}
train:
  model: yolo11n.yaml
  scale: [0.33, 0.125, 256]
  epochs: 20
  image_size: 64
  batch: 8
  options:   # it learns nothing
    {optimizer: AdamW, lr0: 1.0e-05, nbs: 8, warmup_epochs: 0, mosaic: 0, scale: 0, translate: 0, fliplr: 0, workers: 0}
  tune: {trials: 2, space: {lr0: {log: [0.006, 0.02]}}}
export: []
"""


def squares(folder: Path) -> Path:
    """A project that is learned in seconds, and that its own arguments learn nothing of: a square on each picture."""
    random = np.random.default_rng(0)
    for split, count in (("train", 32), ("val", 24), ("test", 8)):
        for kind in ("images", "labels"):
            (folder / "data" / split / kind).mkdir(parents=True)
        for at in range(count):
            pixels = random.integers(0, 60, (64, 64, 3), dtype=np.uint8)
            (x, y), size = random.integers(0, 40, 2), int(random.integers(18, 24))
            pixels[y : y + size, x : x + size] = (230, 200, 40)
            box = [value / 64 for value in (x + size / 2, y + size / 2, size, size)]
            Image.fromarray(pixels).save(folder / "data" / split / "images" / f"{at}.png")
            (folder / "data" / split / "labels" / f"{at}.txt").write_text(f"0 {' '.join(map('{:.6f}'.format, box))}\n")
    (folder / "data/data.yaml").write_text("names: [Square]\ntrain: train/images\nval: val/images\ntest: test/images\n")
    (folder / "pipeline.yaml").write_text(SQUARES)
    return folder
