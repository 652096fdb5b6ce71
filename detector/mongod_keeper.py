"""Keeps one mongod running for as long as anyone uses it: a small process of its own, started by `detector.mongod`.

    python mongod_keeper.py MONGOD FOLDER

Every user holds a shared lock on `FOLDER/users`, which the kernel releases even after kill -9. When this process gets
the exclusive lock nobody is left, and mongod is stopped. It imports the standard library alone, to start in no time.
"""

import contextlib
import ctypes
import fcntl
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

LOOK_EVERY = 0.02  # seconds
OPTIONS = ["--bind_ip", "127.0.0.1", "--port", "0", "--nounixsocket", "--wiredTigerCacheSizeGB", "1"]
QUIET = ["--setParameter", "diagnosticDataCollectionEnabled=false"]


def keep(binary: str, folder: Path) -> int:
    """Run mongod on `folder/db`, write `folder/address.json` once it is ready, and stop it after its last user."""
    log, address = folder / "mongod.log", folder / "address.json"
    log.unlink(missing_ok=True)
    (folder / "db").mkdir(exist_ok=True)
    command = [binary, "--dbpath", str(folder / "db"), "--logpath", str(log), *OPTIONS, *QUIET]
    mongod = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=_die_with_parent)  # noqa: PLW1509 one thread
    port = None
    with (folder / "users").open() as users:
        while mongod.poll() is None and not _is_alone(users.fileno()):
            if port is None and (port := _port(log)):  # once: a user who leaves removes the address
                _write(address, {"pid": mongod.pid, "port": port})
            time.sleep(LOOK_EVERY)
        mongod.terminate()
        return mongod.wait()


def _die_with_parent() -> None:
    """Have the kernel end this child when the keeper dies: Linux's prctl(PR_SET_PDEATHSIG = 1)."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _is_alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _port(log: Path) -> int | None:
    """The port that mongod says it waits on, in its log of one JSON object a line."""
    lines = log.read_text(errors="replace").splitlines(keepends=True) if log.exists() else []
    ready = (line for line in lines if '"Waiting for connections"' in line and line.endswith("\n"))
    return next((int(json.loads(line)["attr"]["port"]) for line in ready), None)


def _write(address: Path, content: dict[str, int]) -> None:
    partial = address.with_suffix(".partial")
    partial.write_text(json.dumps(content))
    partial.replace(address)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1], Path(sys.argv[2])))
