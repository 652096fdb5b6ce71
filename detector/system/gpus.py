"""The NVIDIA GPUs of this machine, and whether their driver is new enough, without importing what is heavy."""

import runpy
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

OLDEST_DRIVER = {12: 525, 13: 580}  # by CUDA's major version. Source: NVIDIA, "CUDA Compatibility", minor versions


class Gpu(NamedTuple):
    """One GPU, as nvidia-smi tells it."""

    name: str
    capability: str  # compute capability, such as 8.9
    memory: str  # such as 24564 MiB
    driver: str  # such as 580.65.06


def gpus() -> list[Gpu]:
    """Each NVIDIA GPU; none where nvidia-smi is missing or finds none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,compute_cap,memory.total,driver_version", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    rows = [line.split(", ") for line in answer.stdout.splitlines()] if answer.returncode == 0 else []
    return [Gpu(*row) for row in rows if len(row) == len(Gpu._fields)]


def cuda_of_torch() -> str | None:
    """The version of CUDA that the installed PyTorch was built for; None for one without, or none at all."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    version = runpy.run_path(str(Path(spec.origin).with_name("version.py"))).get("cuda")
    return None if version is None else str(version)


def too_old(driver: str, cuda: int) -> str | None:
    """Why this driver can't run what was built for CUDA `cuda` (a major version); None when it can."""
    oldest, major = OLDEST_DRIVER.get(cuda, 0), driver.partition(".")[0]
    if not major.isdigit() or int(major) >= oldest:
        return None
    return f"its driver {driver} is older than {oldest}, which CUDA {cuda} needs"
