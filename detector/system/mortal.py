"""Runs a command that dies with its parent, however the parent dies.

    python mortal.py COMMAND ARGUMENT …

Linux: prctl(PR_SET_PDEATHSIG), which outlives exec. Elsewhere the command just runs. Standard library alone.
"""

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def mortal(*command: str | Path) -> list[str]:
    """`command` as one that ends with the process that starts it."""
    return [sys.executable, "-I", "-S", __file__, *map(str, command)]


if __name__ == "__main__":
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - to become it is the point
