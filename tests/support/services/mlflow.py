"""A real MLflow server on 127.0.0.1 that can be stopped and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.support.services.ports import free_port

SERVER = {  # its jobs (scoring, traces) are eight more processes, and nothing here asks for one
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


@dataclass
class MlflowServer:
    """A server that keeps everything in `folder`, or in the `store` and at the `destination` that are given."""

    folder: Path
    port: int = 0
    store: str = ""
    destination: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.port = self.port or free_port()
        store = self.store or f"sqlite:///{self.folder}/mlflow.db"
        files = ["--artifacts-destination", self.destination or str(self.folder / "artifacts")]
        address = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, *files, *address]
        log = (self.folder / "server.log").open("ab")
        environment = os.environ | SERVER | self.environment
        self.process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=self.folder, env=environment, start_new_session=True
        )
        _wait(f"{self.uri}/health", self.folder / "server.log")

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def served(folder: Path, **of: Any) -> Iterator[MlflowServer]:
    """A server that runs inside the `with`."""
    server = MlflowServer(folder, **of)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _wait(url: str, log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer:\n{log.read_text()}")
