"""`detector app`: FiftyOne's App on a dataset version, with its findings and the predictions of the last evaluation."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from detector.browse import mongod, samples
from detector.browse.database import connected, environment
from detector.commands import versions
from detector.data.dataset import Dataset
from detector.data.places import FIFTYONE
from detector.errors import DetectorError, UsageError
from detector.system.mortal import mortal

ADDRESS = "127.0.0.1"
PORT = 5151  # FiftyOne's own
PATIENCE = 120.0  # seconds; it takes 5 to 10


def app(which: str | None, port: int | None, ready: Callable[[str, str], None], warn: Callable[[str], None]) -> None:
    """Serve the App until interrupted. `ready` gets the name of what it shows and its URL, once it answers.

    `which` is a dataset version or a run; None is the version that was made last. Without `port` it is 5151, or any
    that is free. `warn` is told of a database that had to be made anew.

    Raises:
        UsageError: there is no such version or run, or `port` is taken.
        DetectorError: no MongoDB can be had.
    """
    dataset = versions.find(which)
    with opened(dataset, _free(port), warn) as url, contextlib.suppress(KeyboardInterrupt):
        ready(samples.name_of(dataset, dataset.folder.parent.name), url)
        threading.Event().wait()


@contextlib.contextmanager
def opened(dataset: Dataset, port: int, warn: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """The URL of the App on a version, served inside the `with`; no browser is opened.

    This is FiftyOne's own server without a Python session beside it, which nothing here would talk to. `-P` keeps it
    from importing what lies in the working folder.
    """

    def made_anew(how: str) -> None:
        warn(f"{how}; `detector run` puts findings and predictions there again")

    with connected(FIFTYONE, made_anew) as fiftyone:
        loaded = samples.load(dataset, dataset.folder.parent.name)
        log = FIFTYONE / "app.log"
        settings = {
            **environment(FIFTYONE),
            mongod.VARIABLE: fiftyone.config.database_uri,
            "HOME": str(FIFTYONE.resolve()),
        }
        command = mortal(sys.executable, "-P", "-m", "fiftyone.server.main", "--port", str(port), "--address", ADDRESS)
        with log.open("w") as written:
            server = subprocess.Popen(command, env={**os.environ, **settings}, stdout=written, stderr=written)
        try:
            _await(server, port, log)
            yield f"http://{ADDRESS}:{port}/datasets/{loaded.slug}"
        finally:
            server.terminate()
            server.wait()


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{ADDRESS}:{port}/fiftyone", timeout=5):
            return
        time.sleep(0.1)
    raise DetectorError(f"FiftyOne's App did not start; {log} says why")


def _free(port: int | None) -> int:
    """A port that nobody listens on; FiftyOne would take another server there for its own."""
    for candidate in (port or PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((ADDRESS, candidate))
            return int(probe.getsockname()[1])
        if port:
            break
    raise UsageError(f"port {port} is taken; give another one with --port, or none")
