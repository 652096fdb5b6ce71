"""What a person sees of a run: a calm line for each step on stdout, progress on stderr and only on a terminal."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

import click

from detector.reporting.costs import duration
from detector.reporting.moving import Moving, bar, clock
from detector.reporting.outcome import FIRST_TIME, Done
from detector.secrets import without_secrets
from detector.system.text import visible
from detector.system.wrapping import coloured, width_of, wrapped

logger = logging.getLogger(__name__)
IN_BAR = "val/mAP50-95"  # a metric of each epoch
BAR = 24  # columns: with all that is beside it, fewer than 78 of 80, as a terminal shows ^C there
PATIENCE = 0.2  # seconds: what takes less shows no clock
MARGIN = 21  # where the text of a line begins: the longest step by default is export.tensorrt_rtx


class Terminal:
    """A Report that writes for a person. `out` is where results go: stderr when stdout belongs to JSON."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self._note: Callable[[str], object] = lambda _: None  # beside the bar that is shown now
        self._moving = Moving()  # on stderr, below all lines

    def line(self, title: str, text: str, colour: str | None = None) -> None:
        """A titled line, in `colour` where there are some; further lines of `text` are set under the first.

        What strangers wrote is no command here.
        """
        for at, part in enumerate(visible(without_secrets(text)).splitlines() or [""]):
            shown = f"{visible(title) if at == 0 else '':<{MARGIN - 2}}  {part}".rstrip()
            self._print(wrapped(shown, width_of(self.out)), colour)
            logger.info("%s", shown)

    def _print(self, text: str, colour: str | None) -> None:
        """Above what moves."""
        with self._moving.still():
            print(click.style(text, fg=colour) if colour and coloured(self.out) else text, file=self.out, flush=True)

    def step(self, done: Done) -> None:
        """What a step came to, and why it ran; below it what a person should know of it."""
        why = "" if done.why == [FIRST_TIME] or not done.why else f": {', '.join(done.why)}"
        took = "unchanged" if done.skipped else duration(done.seconds) + why
        warns = done.result.figures.get("warnings")
        self.line(done.name, f"{done.result.summary}  ({took})", "yellow" if warns else None)
        if done.changes:
            self.say(f"since the last {done.name}: {', '.join(done.changes)}")
        for note in [] if done.skipped else done.result.notes:
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
    def at_work(self, title: str) -> Iterator[None]:
        """Show, while the block lasts, that something is being done and for how long; only on a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        with self._moving.shown(lambda: clock(f"{title:<{MARGIN - 1}}"), after=PATIENCE):
            yield

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar on stderr while the block lasts; nothing where stderr is no terminal, or there is nothing to do."""
        if not total or not sys.stderr.isatty():
            yield lambda _: None
            return
        moving = bar(f"{title:<{MARGIN - 1}}", BAR, total)
        [only] = moving.task_ids
        self._note = lambda note: moving.update(only, note=note)
        with self._moving.shown(lambda: moving):
            yield lambda steps: moving.advance(only, steps)

    def parameters(self, values: Mapping[str, object]) -> None:
        """A person finds them in the record."""

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """A person finds them in the record, and in the log; the last mAP on val is beside the bar."""
        if IN_BAR in values:
            self._note(f"mAP50-95 {values[IN_BAR]:.3f}")
        logger.info("step %d: %s", step, ", ".join(f"{name} {value:.4g}" for name, value in values.items()))
