"""The sample project, run whole, once for each task, in folders that have never seen one."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.screens import shown

COLUMNS = 80
TERMINAL = os.environ | {"TERM": "xterm-256color"}


@dataclass(frozen=True)
class Project:
    """A folder that `detector init` filled, what its first run came to, and all that it wrote on a terminal."""

    folder: Path
    outcome: dict
    said: str

    def figures(self, step: str) -> dict:
        [found] = [each for each in self.outcome["steps"] if each["step"] == step]
        return found["figures"]

    def detector(self, *arguments: str) -> subprocess.CompletedProcess:
        return detector(self.folder, *arguments)


def detector(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The command as a person runs it."""
    command = [sys.executable, "-m", "detector", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _run(folder: Path, task: str) -> Project:
    """On a terminal of 80 columns, as a new user sees it."""
    assert detector(folder, "init", "--task", task).returncode == 0
    code, said = shown([sys.executable, "-m", "detector", "run"], folder, COLUMNS, TERMINAL)
    assert code == 0, said
    [state] = folder.glob("runs/*/run.json")
    return Project(folder, json.loads(state.read_text()), said)


@pytest.fixture(scope="session")
def detect_project(tmp_path_factory) -> Project:
    return _run(tmp_path_factory.mktemp("detect"), "detect")


@pytest.fixture(scope="session")
def segment_project(tmp_path_factory) -> Project:
    return _run(tmp_path_factory.mktemp("segment"), "segment")
