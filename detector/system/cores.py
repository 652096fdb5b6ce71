"""How many cores this process may use."""

import os

VARIABLE = "DETECTOR_CORES"  # for a process that an engine has started on a machine which others use, too


def cores() -> int:
    """Those that the system gives it, or that it was started for, if these are fewer; 1 or more."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get(VARIABLE, "")
    return max(1, min(given, int(asked))) if asked.isdecimal() else given
