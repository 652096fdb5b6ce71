"""What Label Studio told and no run has taken yet. It is on the disk before the webhook is answered.

runs/listen/<name>/waiting.jsonl     a line for each webhook since the last run began
                   running.jsonl     those that the run took that is on now, or was cut short

Label Studio never tells a second time, so a line stays until a run that took it has ended.
"""

import json
import os
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from detector.listen.webhooks import News
from detector.system.files import write_whole


class Received:
    """The two files. Threads may share it; processes may not."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._running = folder, folder / "running.jsonl"
        self._file = os.open(folder / "waiting.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self._lock = threading.Lock()
        self._waits, self._taken = _changes(self._content()), _changes(self._read_running())
        self.last = time.monotonic()  # when the last came
        _sync(folder)

    @property
    def changes(self) -> int:
        """How many no run has come to its end with."""
        return self._waits + self._taken

    def add(self, told: Sequence[News]) -> list[int]:
        """Write what was told, and wait for the disk; how many changes wait then, for each.

        Raises OSError where the disk takes no more. Even then they count, as long as this process lives.
        """
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        lines = "".join(f"{json.dumps({'at': now, **each._asdict()})}\n" for each in told)
        with self._lock:
            self._waits += sum(each.changes for each in told)
            self.last = time.monotonic()
            _write(self._file, lines.encode())
            return [self.changes] * len(told)

    def take(self) -> int:
        """A run begins: how many changes it takes. What comes from now on is for the next one."""
        with self._lock:
            write_whole(self._running, self._read_running() + self._content())
            os.ftruncate(self._file, 0)
            self._waits, self._taken = 0, self.changes
            return self._taken

    def done(self) -> None:
        """The run has come to its end, and what it took with it."""
        with self._lock:
            self._running.unlink(missing_ok=True)
            self._taken = 0
            _sync(self._folder)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _content(self) -> bytes:
        return os.pread(self._file, os.fstat(self._file).st_size, 0)

    def _read_running(self) -> bytes:
        return self._running.read_bytes() if self._running.exists() else b""


def _changes(lines: bytes) -> int:
    """How many changes are told of; a line that a power cut tore counts as one."""
    return sum(_changes_of(line) for line in lines.splitlines())


def _changes_of(line: bytes) -> int:
    try:
        return max(int(json.loads(line)["changes"]), 1)
    except (ValueError, TypeError, KeyError):
        return 1


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
    os.fsync(file)


def _sync(folder: Path) -> None:
    """Names that came or went last, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
