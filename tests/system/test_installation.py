"""An installation with a hole in it is no fault of ours, and is said in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys
class Hole:
    def find_spec(self, name, path=None, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hole())
"""


@pytest.mark.parametrize(("missing", "command"), [("cv2", ("init",)), ("pyarrow", ("run",))])
def test_what_is_missing_is_named(tmp_path, missing, command):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT.format(missing=missing))
    (tmp_path / "pipeline.yaml").write_text(
        "name: a\ntask: detect\nclasses: [A]\npull: {using: label_studio_export, path: e.json}\ntrain: {}\n"
    )
    (tmp_path / "e.json").write_text("[]")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    line = [sys.executable, "-m", "detector", *command]
    ended = subprocess.run(
        line, cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"{missing} is not installed here: install this package again; `detector doctor` says what is missing"
    )
