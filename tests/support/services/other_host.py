"""A web server that is not Label Studio: it holds images, misbehaves on request, and remembers who asked for what."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class OtherHost:
    """Its address; what it serves by path; the headers of every request it got, by path."""

    url: str
    pages: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)  # answered first, in order
    truncated: set[str] = field(default_factory=set)  # answered with half of the promised bytes
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def fail(self, path: str, status: int, **headers: str) -> None:
        """Answer the next request for `path` with `status`."""
        self.failures.setdefault(path, []).append((status, {k.replace("_", "-"): v for k, v in headers.items()}))

    def headers(self, path: str) -> dict[str, str]:
        """The headers of the last request for `path`, their names in lower case."""
        return [headers for asked, headers in self.asked if asked == path][-1]


@pytest.fixture
def other_host() -> Iterator[OtherHost]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            host.asked.append((path, {name.lower(): value for name, value in self.headers.items()}))
            if host.failures.get(path):
                self.answer(*host.failures[path].pop(0), b"")
            elif path in host.pages:
                self.answer(200, {"Set-Cookie": "session=other"}, host.pages[path], cut=path in host.truncated)
            else:
                self.answer(404, {}, b"<html>no such page</html>")

        def do_HEAD(self) -> None:
            self.do_GET()

        def answer(self, status: int, headers: dict[str, str], body: bytes, *, cut: bool = False) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection = cut

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            """A client that hangs up is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    host = OtherHost(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield host
    server.shutdown()
    server.server_close()
