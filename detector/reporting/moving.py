"""What moves on stderr while something is being done: a clock, or a bar. One of them is seen at a time.

A clock appears only when something takes a while, and rich is imported then: 0.1 s that a run with nothing new saves.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass(eq=False)
class _Shown:
    """How it is made, and what rich shows of it once it is."""

    make: Callable[[], "Progress"]
    progress: "Progress | None" = None


class Moving:
    """All that moves: the last one is seen, and those before it go on afterwards. Clocks appear from threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._all: list[_Shown] = []

    @contextmanager
    def shown(self, make: Callable[[], "Progress"], after: float = 0.0) -> Iterator[None]:
        """Show what `make` gives while the block lasts, from so many seconds after its beginning on."""
        each = _Shown(make)
        waits = threading.Timer(after, self._appear, [each])
        waits.daemon = True
        with self._lock:
            self._stop()
            self._all.append(each)
        try:
            waits.start() if after else self._appear(each)
            yield
        finally:
            waits.cancel()
            with self._lock:
                self._stop()
                self._all.remove(each)
                self._go_on()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing moves inside, so that a line can be printed."""
        with self._lock:
            self._stop()
            try:
                yield
            finally:
                self._go_on()

    def _appear(self, each: _Shown) -> None:
        progress = each.make()  # what it imports takes a moment, in which the lock is free
        with self._lock:
            each.progress = progress
            self._go_on()

    def _stop(self) -> None:
        if self._all and self._all[-1].progress:
            self._all[-1].progress.stop()

    def _go_on(self) -> None:
        if self._all and self._all[-1].progress:
            self._all[-1].progress.start()


def clock(title: str) -> "Progress":
    """The title, and for how long it has been at work."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), SpinnerColumn(), TimeElapsedColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    shown.add_task(title, total=None)
    return shown


def bar(title: str, columns: int, total: int) -> "Progress":
    """The title, a bar of so many columns, and a note: the field `note` of its one task."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    before = (TextColumn("{task.description}"), BarColumn(columns), MofNCompleteColumn())
    after = (TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    shown = Progress(*before, *after, console=Console(stderr=True), transient=True)
    shown.add_task(title, total=total, note="")
    return shown
