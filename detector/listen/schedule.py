"""When a run is due: once it has been quiet for long enough, or so many changes wait. Pauses after a run that can't be.

Nothing here asks a clock.
"""

from typing import NamedTuple

PAUSES = (60.0, 3600.0)  # seconds before a run is tried again: the first, and the longest; each is twice the one before
AGAIN = frozenset((11, 75, 130))  # a run's exit codes: another one is at work; the network, or a stop; an interruption


class When(NamedTuple):
    """Seconds without a further change, or so many changes, until a run starts."""

    quiet_for: float
    after: int


def due_in(when: When, changes: int, quiet: float) -> float | None:
    """Seconds until a run is due, where so many changes wait after so many seconds of quiet; None: nothing waits."""
    if not changes:
        return None
    return 0.0 if changes >= when.after else max(when.quiet_for - quiet, 0.0)


def is_worth_another_try(code: int) -> bool:
    """Whether a run that ended with this code may come to its end later. One that was killed goes on where it was."""
    return code in AGAIN or code < 0


def pause_after(before: float | None) -> float:
    """Seconds until the next try, after a pause of `before`."""
    first, longest = PAUSES
    return first if before is None else min(before * 2, longest)
