"""Nothing is imported from the working folder, where a data set of somebody else's may lie."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import detector
from detector.cli import main

NAMES = ("click", "yaml", "pydantic", "torch", "fiftyone", "mlflow", "ultralytics", "numpy", "hypercorn", "eta", "json")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with modules that note that they were run."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("import pathlib\npathlib.Path(__file__).with_suffix('.ran').touch()\n")
    (tmp_path / "pipeline.yaml").write_text("name: a\ntask: detect\nclasses: [Cup]\npull: {using: yolo, path: .}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(folder):
    return sorted(file.name for file in folder.rglob("*.ran"))


@pytest.mark.parametrize("arguments", [("doctor", "--json"), ("validate", "--json"), ("schema",)])
def test_python_m_detector_runs_none_of_them(folder, arguments):
    environment = os.environ | {"PYTHONPATH": str(Path(detector.__file__).parents[1])}
    command = [sys.executable, "-m", "detector", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    assert ran(folder) == []


def test_whatever_python_a_library_starts_runs_none_of_them(folder, monkeypatch):
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.setattr(sys, "argv", ["detector", "validate"])
    main()
    subprocess.run([sys.executable, "-m", "click.nothing"], capture_output=True, check=False)
    assert ran(folder) == []
