"""An environment with what the engines need, beside the one that the tests are run in."""

import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """The interpreter of an environment with the extras `ray` and `slurm`; all else is that of the tests."""
    uv, place = Path(sys.executable).with_name("uv"), tmp_path_factory.mktemp("engine") / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
    own = place / "bin/python"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    constraints = ("--constraint", ROOT / "constraints.txt")
    install = [uv, "pip", "install", "--quiet", "--python", own, *constraints, *extras["ray"], *extras["slurm"]]
    subprocess.run(install, check=True)
    [packages] = place.glob("lib/*/site-packages")
    (packages / "below.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    return own
