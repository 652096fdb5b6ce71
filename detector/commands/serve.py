"""`detector serve`: a model behind HTTP, until it is stopped."""

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.data import deployed
from detector.errors import Stopped, UsageError
from detector.inference.model import CHAMPION, Model, find, given
from detector.system.cache import CACHE


@dataclass(frozen=True)
class Place:
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int


@dataclass(frozen=True)
class Wanted:
    """Which model of which pipeline, and from which score on an object counts (None: the model's own)."""

    which: str
    using: str
    score: float | None
    pipeline: str

    def find(self) -> Model:
        """The model, as it is now. Raises UsageError where there is none."""
        return given(Path(self.which)) or find(self.which, self.using, self.pipeline)

    def changed(self) -> object:
        """Another value than before when the champion may be another."""
        with contextlib.suppress(OSError):
            return deployed.folder_of(self.pipeline).readlink() if self.which == CHAMPION else None
        return None


def serve(wanted: Wanted, place: Place, ready: Callable[[str, dict[str, Any]], None]) -> None:
    """Answer until interrupted or stopped. `ready` gets the address and the model, once it listens.

    Raises:
        UsageError: there is no such model, or the port is taken.
    """
    import uvicorn

    from detector.serve.batches import Limits
    from detector.serve.models import InUse
    from detector.serve.rest import application

    with _listening(place) as listening:
        CACHE.mkdir(parents=True, exist_ok=True)
        in_use = InUse(wanted.find, wanted.changed, wanted.score, CACHE / "serve.log")
        server = uvicorn.Server(uvicorn.Config(application(in_use, Limits()), log_level="warning", access_log=False))
        host, port = listening.getsockname()[:2]
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}", in_use.loaded.described)
        with contextlib.suppress(KeyboardInterrupt, Stopped):
            server.run(sockets=[listening])


def _listening(place: Place) -> socket.socket:
    try:
        [(family, *_, address), *_] = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        return socket.create_server(address[:2], family=family, backlog=256)
    except OSError as error:
        raise UsageError(
            f"{place.host}:{place.port} can't be listened on ({error.strerror}); give another one with --host and "
            "--port, 0 for any port that is free"
        ) from error
