"""The source of installed packages, read as text: importing them takes seconds, and a file is judged in a moment."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path


def package(name: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed", name=name)
    return Path(spec.origin).parent


@cache
def text_of(name: str, file: str) -> str:
    """A file of an installed package."""
    return (package(name) / file).read_text(encoding="utf-8")
