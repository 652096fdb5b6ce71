"""Which version of a distribution is installed, without importing it."""

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

_VERSION = re.compile(r"^Version: (\S+)$", re.MULTILINE)  # a parser of e-mail would read the description, too


@cache
def version_of(distribution_name: str) -> str | None:
    """The version, or None where it is not installed."""
    try:
        installed = distribution(distribution_name)
    except PackageNotFoundError:
        return None
    head = (installed.read_text("METADATA") or "").partition("\n\n")[0]
    version = _VERSION.search(head)
    return version[1] if version else installed.version
