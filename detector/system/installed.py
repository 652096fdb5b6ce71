"""Which version of a distribution is installed, without importing it."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def version_of(distribution: str) -> str | None:
    """The version, or None where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
