"""Keeps one mongod running for as long as anyone uses it: a small process of its own, started by the module mongod.

    python mongod_keeper.py FOLDER MONGOD…

Every user holds a shared lock on `FOLDER/users`, which the kernel releases even after kill -9. When this process gets
the exclusive lock nobody is left, and mongod is stopped. It imports the standard library alone, to start in no time.
"""

import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path

LOOK_EVERY = 0.02  # seconds
OPTIONS = ["--bind_ip", "127.0.0.1", "--port", "0", "--nounixsocket", "--wiredTigerCacheSizeGB", "1"]
QUIET = ["--setParameter", "diagnosticDataCollectionEnabled=false"]


def keep(folder: Path, mongod: list[str]) -> int:
    """Run `mongod` on `folder/db`, write `folder/address.json` once it is ready, and stop it after its last user."""
    log, address = folder / "mongod.log", folder / "address.json"
    log.unlink(missing_ok=True)
    command = [*mongod, "--dbpath", str(folder / "db"), "--logpath", str(log), *OPTIONS, *QUIET]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    port = None
    with (folder / "users").open() as users:
        while process.poll() is None and not _is_alone(users.fileno()):
            if port is None and (port := _port(log)):  # once: a user who leaves removes the address
                _write(address, {"pid": process.pid, "port": port})
            time.sleep(LOOK_EVERY)
        process.terminate()
        return process.wait()


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
    sys.exit(keep(Path(sys.argv[1]), sys.argv[2:]))
