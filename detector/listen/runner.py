"""The runs, one after another, each a process of its own: one that crashes ends nothing else."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from detector.errors import Stopped
from detector.listen import schedule
from detector.listen.received import Received
from detector.listen.schedule import When
from detector.web.secret import NAME

Event = dict[str, Any]  # `status`: running, with its `changes`; or ended, with its `exit_code` and `again_in` seconds


class Runner:
    """A thread that starts `command` whenever a run is due, and tells `tell` of each.

    Where nothing waits at the start, a run is due at once: Label Studio may have told something while nothing listened,
    it never tells twice, and a run that finds nothing new takes a moment.
    """

    def __init__(self, received: Received, when: When, command: Sequence[str], tell: Callable[[Event], None]) -> None:
        self._received, self._when, self._command, self._tell = received, when, command, tell
        self._first, self._stopping = received.changes == 0, False
        self._again: tuple[float, float] | None = None  # when a run is tried again, and the pause before it
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True, name="runs")
        self.ended: Event | None = None  # the last run

    def start(self) -> None:
        """Begin with the first run."""
        self._thread.start()

    def heard(self) -> None:
        """Something was received."""
        with self._changed:
            self._changed.notify()

    @property
    def is_alive(self) -> bool:
        """Whether runs are started; only a fault of this program ends that."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask the run that is on to stop, as SIGTERM does, and wait for it. What it took waits for the next start."""
        with self._changed:
            self._stopping = True
            if self._process is not None:
                self._process.terminate()
            self._changed.notify()
        self._thread.join()

    @property
    def is_running(self) -> bool:
        """Whether a run is on."""
        return self._process is not None

    def due_in(self) -> float | None:
        """Seconds until the next run, if none is on; None while nothing waits."""
        if self._again is not None:
            return max(self._again[0] - time.monotonic(), 0.0)
        quiet = time.monotonic() - self._received.last
        return 0.0 if self._first else schedule.due_in(self._when, self._received.changes, quiet)

    def _work(self) -> None:
        while self._wait():
            self._run()

    def _wait(self) -> bool:
        """Until a run is due: True; or until all is to end: False."""
        with self._changed:
            while not self._stopping:
                seconds = self.due_in()
                if seconds == 0.0:
                    return True
                self._changed.wait(seconds)
        return False

    def _run(self) -> None:
        self._first = False
        code, why = self._came_to()
        over = code is not None and not schedule.is_worth_another_try(code)
        pause = None if over or self._stopping else schedule.pause_after(self._again and self._again[1])
        self._again = None if pause is None else (time.monotonic() + pause, pause)
        self.ended = {"status": "ended", "exit_code": code, "error": why, "again_in": pause, "at": _now()}
        self._tell(self.ended)

    def _came_to(self) -> tuple[int | None, str | None]:
        """The exit code of a run; None, and why, where it could not be started: a full disk, or no memory."""
        try:
            changes = self._received.take()
            code = self._exit_code(changes)
            if not schedule.is_worth_another_try(code):
                self._received.done()
        except OSError as error:
            return None, f"could not be started ({error.strerror})"
        return code, None

    def _exit_code(self, changes: int) -> int:
        with self._changed:
            if self._stopping:
                return Stopped.exit_code
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=_own())
        self._tell({"status": "running", "changes": changes, "at": _now()})
        code = self._process.wait()
        self._process = None
        return code


def _own() -> dict[str, str]:
    """A run needs no secret of the listener's."""
    return {name: value for name, value in os.environ.items() if name != NAME}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
