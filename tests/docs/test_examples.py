"""examples/: each is valid, is listed, and names what there is."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.yaml"))
VARIABLES = {
    "LABEL_STUDIO_URL": "http://localhost:8080",
    "LABEL_STUDIO_TOKEN": "0123456789abcdef",
    "MLFLOW_TRACKING_URI": "http://localhost:5000",
    "WEBHOOK_URL": "http://localhost:9000/hook",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_valid(file, monkeypatch, tmp_path):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "detector", "validate", str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "→ promote" in done.stdout


def test_each_is_listed():
    text = (EXAMPLES / "README.md").read_text()
    assert len(FILES) == 6
    assert all(f"[{file.name}]({file.name})" in text for file in FILES)
