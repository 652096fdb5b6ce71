"""`detector` in a process of its own that starts warm: forked from one that has PyTorch and more imported.

A new process spends most of its first ten seconds on that. A fork has its own id, environment, signals and exit
code; it imports our code, MLflow, Ultralytics and FiftyOne itself, and ends as any process does. Only the order of sets
is the same in all of them, so a test that compares what two processes make starts one of them cold.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTED = (  # what starts no thread and, the number of threads aside, reads no setting while it is imported
    "torch", "torch._inductor.config", "torchvision", "scipy.spatial", "scipy.stats", "onnx", "cv2",
    "matplotlib.pyplot", "sqlalchemy.orm", "alembic.command", "fastapi", "opentelemetry.sdk.trace", "requests",
)  # fmt: skip
LONGEST = 1 << 20  # bytes of a request


class Process:
    """What `subprocess.Popen` is to a test, for `detector` with these arguments."""

    def __init__(self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._said = [os.memfd_create(name) for name in ("stdout", "stderr")]
        asked = {"arguments": arguments, "folder": str(folder), "environment": dict(environment or os.environ)}
        self.pid: int = _ask(asked, self._said)
        self.returncode: int | None = None

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()
        for file in self._said:
            os.close(file)

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it; None while it is at work."""
        if self.returncode is None:
            self.returncode = _ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float = 600) -> int:
        """Its exit code, once there is one. Raises TimeoutExpired."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("detector", timeout)
            time.sleep(0.02)
        return code

    def communicate(self, timeout: float = 600) -> tuple[str, str]:
        """All that it said, once it has ended, on stdout and on stderr."""
        self.wait(timeout)
        out, err = map(_text, self._said)
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess:
    """`detector` with these arguments in `folder`, after its end."""
    with Process(folder, *arguments, environment=environment) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(["detector", *arguments], process.wait(), out, err)


def _text(file: int) -> str:
    return os.pread(file, os.fstat(file).st_size, 0).decode()


@cache
def _server() -> socket.socket:
    """A connection to the process that forks, which ends when this one does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS")}  # only a process of one thread forks
    environment = os.environ | threads | {"OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[theirs.fileno()])
    theirs.close()
    atexit.register(_end, ours, process)
    return ours


def _end(asking: socket.socket, process: subprocess.Popen) -> None:
    asking.close()
    process.wait()


def _ask(request: dict, files: list[int] | None = None):
    socket.send_fds(_server(), [json.dumps(request).encode()], files or [])
    return json.loads(_server().recv(LONGEST))


def _serve(asking: socket.socket) -> tuple[dict, list[int]]:
    """Fork for each request. This returns in the forks alone, each with its own request."""
    while True:
        message, files, *_ = socket.recv_fds(asking, LONGEST, 2)
        if not message:
            os._exit(0)
        request = json.loads(message)
        if "ended" in request:
            pid, status = os.waitpid(request["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif (answer := os.fork()) == 0:
            return request, files
        for file in files:
            os.close(file)
        asking.send(json.dumps(answer).encode())


def _become(request: dict, files: list[int]) -> None:
    """A new process of `detector`, as the request says."""
    for place, file in enumerate([os.open(os.devnull, os.O_RDONLY), *files]):
        os.dup2(file, place)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["detector", *request["arguments"]]


if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a process of several threads must not fork"
    gc.freeze()  # a fork that collects garbage need not copy all that is imported
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        given = _serve(asking)
    _become(*given)
    from detector.cli import main

    main()
