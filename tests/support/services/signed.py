"""A host of pictures that gives one only for its whole address, signature and password included; and takes webhooks."""

import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType


@dataclass
class SignedHost:
    """`pictures` and the `passwords` that some want, by path and query; what was asked, and posted."""

    url: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    broken: bool = False  # everything is answered with HTTP 500, which repeats the request
    asked: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: SignedHost

    def do_GET(self) -> None:
        self.host.asked.append(self.path)
        wanted = self.host.passwords.get(self.path)
        given = self.headers.get("Authorization", "")
        if self.host.broken:
            self._answer(500, f"{self.path} {self.headers}".encode(), {"Retry-After": "0"})
        elif self.path not in self.host.pictures:
            self._answer(404, self.path.encode())
        elif wanted and given != f"Basic {b64encode(wanted.encode()).decode()}":
            self._answer(401, given.encode())
        else:
            self._answer(200, self.host.pictures[self.path])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path.startswith("/hook"):
            self.host.posted.append(body)
            self._answer(200, b"")
        else:
            self._answer(500, f"{self.path} {self.headers} {body}".encode())

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        del args


@contextmanager
def signed_host() -> Iterator[SignedHost]:
    """The host, inside the `with`."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.host = SignedHost(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield handler.host
    finally:
        server.shutdown()
        server.server_close()
