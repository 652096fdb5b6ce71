"""The exporter that CONTRIBUTING.md shows is real: it is put where it says, found, checked, and run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).with_name("example_exporter.py").read_text(encoding="utf-8")
PIPELINE = """
name: parts
task: detect
classes: [a, b]
pull: {using: yolo, path: data}
train: {model: yolo26n.pt}
export: [{using: torchscript, tolerance: {box: 0.5}}]
"""
JOB = """
import json, sys
from pathlib import Path
from detector.stages import load
from tests.support import tiny
from tests.support.jobs import job

folder, exporter = Path(sys.argv[1]), load("export", "torchscript")
tiny.weights(folder / "train")
version = tiny.dataset(folder).folder
result = exporter.run(job(folder, exporter.Options(), convert=version, train=folder / "train"))
print(json.dumps({"summary": result.summary, "figures": dict(result.figures)}))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the package, with the example in the file that CONTRIBUTING names."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "detector", folder / "detector", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "detector/stages/export/torchscript.py").write_text(EXAMPLE, encoding="utf-8")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    return folder


def python(house, *arguments):
    environment = os.environ | {"PYTHONPATH": f"{house}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=house, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_contributing_shows_this_very_code():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert shown == EXAMPLE
    assert "`detector/stages/export/torchscript.py`" in text


def test_the_command_line_finds_it(house):
    schema = json.loads(python(house, "-m", "detector", "schema", "--json").stdout)
    titles = [definition.get("title") for definition in schema["$defs"].values()]
    assert "export: torchscript" in titles
    assert "export.torchscript" in python(house, "-m", "detector", "validate").stdout
    wrong = python(house, "-m", "detector", "validate", "--set", "export=[{using: torchscript, tolerence: {}}]")
    assert wrong.returncode == 2
    assert "export[0].tolerence: unknown; did you mean tolerance?" in wrong.stderr


def test_it_exports_and_is_compared(house, tmp_path):
    done = python(house, "-c", JOB, str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert re.match(r"blood\.torchscript, [\d.]+ MB: boxes within .* on 3 pictures", told["summary"])
    assert told["figures"]["difference/box"] < 1
    assert (tmp_path / "step/blood.torchscript").stat().st_size == told["figures"]["megabytes"] * 1e6
    assert (tmp_path / "step/labels.txt").read_text(encoding="utf-8").splitlines() == ["größe (cm)", "红细胞"]
