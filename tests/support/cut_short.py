"""A small pipeline that tests cut short, and what must be there after it has been run again."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from mlflow import MlflowClient

from detector import sample
from tests.support import warm

EPOCHS = 5
PIPELINE = f"""
name: parts
task: detect
classes: [Screw, Nut, Washer]
pull: {{using: label_studio_export, path: sample/export.json}}
convert: {{split: {{val: 0.25, test: 0.25}}}}
check: {{using: rules, fail_on: {{classes_without_examples: warn}}}}
train:
  model: yolo11n.yaml
  scale: [0.33, 0.125, 256]
  epochs: {EPOCHS}
  image_size: 32
  batch: 8
  options: {{mosaic: 0, plots: false, workers: 0}}
export: [{{using: onnx}}]
promote: {{minimum: 0}}  # a few epochs learn next to nothing
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # as fast on a network this small, and several times so on a busy machine


def project(folder: Path) -> Path:
    """The pipeline and its annotations in `folder`, never run."""
    sample.write(folder / "sample", images=24, outlines=False)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    return folder


def start(folder: Path, *arguments: str, cold: bool = False) -> subprocess.Popen | warm.Process:
    """A run that is at work; a cold one is a new process of Python."""
    environment, arguments = os.environ | ONE_THREAD, ("run", "--json", *arguments)
    if not cold:
        return warm.Process(folder, *arguments, environment=environment)
    command, pipe = [sys.executable, "-m", "detector", *arguments], subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(folder: Path, *arguments: str, cold: bool = False) -> dict:
    """What a run says that has to end well; `said` is what it told a person."""
    with start(folder, *arguments, cold=cold) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, f"exit code {process.returncode}\n{out}\n{err}"
    return json.loads(out) | {"said": err}


def epochs_of(folder: Path) -> list[int]:
    """The epochs in the newest table of a training, as they stand there."""
    tables = sorted(folder.glob("runs/*/train/results.csv"))
    rows = tables[-1].read_text().splitlines()[1:] if tables else []
    return [int(row.split(",")[0]) for row in rows if row.endswith(tuple("0123456789"))]


def runs_of(folder: Path, name: str = "parts") -> list:
    """Every run in MLflow, the newest first."""
    client = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")
    return client.search_runs([client.get_experiment_by_name(name).experiment_id])


def tree(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder` by its path in it."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
