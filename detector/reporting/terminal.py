"""What a person sees of a run: a calm line for each step on stdout, progress on stderr and only on a terminal."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from detector.stages import Result

logger = logging.getLogger(__name__)
MARGIN = 18  # where the text of a line begins: the longest step is export.tensorrt


def duration(seconds: float) -> str:
    """0.4 s, 12 s, 3 min 20 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Terminal:
    """A Report that writes for a person. `out` is where results go: stderr when stdout belongs to JSON."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout

    def line(self, title: str, text: str) -> None:
        """A titled line; further lines of `text` are set under the first."""
        for at, part in enumerate(text.splitlines() or [""]):
            print(f"{title if at == 0 else '':<{MARGIN}}{part}", file=self.out, flush=True)
            logger.info("%s", f"{title:<{MARGIN}}{part}")

    def step(self, name: str, result: Result, skipped: bool, seconds: float) -> None:
        """What a step came to, and below it what a person should know of it."""
        self.line(name, f"{result.summary}  ({'unchanged' if skipped else duration(seconds)})")
        for note in [] if skipped else result.notes:
            self.say(note)

    def outcome(self, status: str, look: list[tuple[str, str]]) -> None:
        """How the run ended, and where to look next."""
        print(file=self.out)
        self.line(status, "nothing is new since the last run" if status == "unchanged" else "")
        for title, where in look:
            self.line(title, where)

    def say(self, line: str) -> None:
        """A remark of a stage, under its title."""
        self.line("", line)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar on stderr while the block lasts; nothing where stderr is no terminal."""
        if not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(f"{{task.description:<{MARGIN - 1}}}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task(title, total=total)
            yield lambda steps: bars.advance(bar, steps)

    def parameters(self, values: Mapping[str, object]) -> None:
        """A person finds them in the record."""

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """A person finds them in the record, and in the log."""
        logger.info("step %d: %s", step, ", ".join(f"{name} {value:.4g}" for name, value in values.items()))
