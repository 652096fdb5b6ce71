"""The machine that a project belongs to: this one, or the one that has sent this process here to work for it."""

import os
import platform

VARIABLE = "DETECTOR_MACHINE"  # in the environment of a worker that an engine has started


def machine() -> str:
    """Its name."""
    return os.environ.get(VARIABLE) or platform.node()
