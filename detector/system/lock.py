"""One run at a time in a project, and whoever else is at work: locks that die with their process."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from detector.errors import Locked


@contextmanager
def locked(path: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock at `path`; raise Locked, naming the holder, when it isn't free within `wait` seconds."""
    with _opened(path) as handle:
        _take(handle, wait)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} since {time.strftime('%Y-%m-%d %H:%M:%S')}".encode(), 0)
        yield


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold the lock at `path` with all others that share it."""
    with _opened(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def is_shared(path: Path) -> bool:
    """Whether anybody holds the lock at `path`."""
    if not path.exists():
        return False
    with _opened(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file of a lock, made where it is missing; what is held on it is let go of as the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)  # the umask takes from it
    try:
        yield handle
    finally:
        os.close(handle)


def _take(handle: int, wait: float) -> None:
    until = time.monotonic() + wait
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                holder = os.pread(handle, 200, 0).decode(errors="replace")
                raise Locked(f"another run is at work here ({holder}); wait for it with --wait-lock SECONDS") from error
        time.sleep(0.2)
