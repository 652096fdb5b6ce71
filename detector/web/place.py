"""Where a server listens, and how it answers until it is stopped."""

import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detector.errors import Stopped, UsageError
from detector.web.secret import NAME

if TYPE_CHECKING:
    from fastapi import FastAPI

WAITING = 1024  # connections that the system holds until they are taken
UNDER_WAY = 5  # seconds that requests have to end once the server is stopped


@dataclass(frozen=True)
class Place:
    """Where to listen; port 0 is any that is free."""

    host: str
    port: int


def listening(place: Place) -> socket.socket:
    """A socket that listens. Raises UsageError where that can't be."""
    try:
        [(family, *_, address), *_] = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        listener = socket.create_server(address[:2], family=family, backlog=WAITING)
    except OSError as error:
        raise UsageError(
            f"{place.host}:{place.port} can't be listened on ({error.strerror}); give another one with --host and "
            "--port, 0 for any port that is free"
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or the end of an answer waits 40 ms for an ACK
    return listener


def refuse_strangers(place: Place, secret: str | None) -> None:
    """Raise UsageError where others than this machine's users could reach the server, and no secret keeps them out."""
    if secret is None and not _is_loopback(place.host):
        raise UsageError(
            f"without a secret only this machine may ask, and --host {place.host} is for others, too: export {NAME}"
            " with 16 characters or more (`openssl rand -hex 16` makes some), or leave --host out"
        )


def _is_loopback(host: str) -> bool:
    try:
        known = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in known)


def url_of(listener: socket.socket) -> str:
    """The address that the server answers at."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def answer(application: "FastAPI", listener: socket.socket) -> None:
    """Answer until Ctrl-C or SIGTERM; requests that are under way are answered."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(application, log_level="warning", access_log=False, timeout_graceful_shutdown=UNDER_WAY)
    )
    with contextlib.suppress(KeyboardInterrupt, Stopped):
        server.run(sockets=[listener])
