"""A proxy on a real socket in front of a real server: it injects the faults that networks and servers have.

A fault waits in `planned` until a request of its kind comes; then it is in `injected`. Without one, an answer goes
through as it is. Faults:

reset     half of the body, and a TCP reset              short    half of the promised body, and a clean end
cut       half of the body, said to be whole             tail     all of the body but its last bytes, said to be whole
429       Too Many Requests, with Retry-After            500 503  the server's own trouble
hang      no answer                                      drip     a body that comes byte by byte, and for too long
slow      a body in several late pieces, but whole       refuse   the connection is closed before any answer
unsaid    half of a body whose length was not promised, and a clean end

Any other status can be planned too. The body of such an answer repeats the request, as debug pages do; a redirect leads
to `elsewhere`.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FAULTS = ("reset", "short", "cut", "tail", "429", "500", "503", "hang", "drip", "slow", "refuse", "unsaid")
_PASSED_ON = ("content-type", "content-range", "retry-after", "location")


@dataclass
class FaultyProxy:
    """Where it is, what it is to do, and what it did. Kinds of requests: `image` (/data/…) and `api`."""

    url: str
    upstream: str
    elsewhere: str = ""
    planned: list[tuple[str, str]] = field(default_factory=list)
    injected: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)  # what came as authorization
    before_image: dict[int, Callable[[], None]] = field(default_factory=dict)  # done when that many were asked for
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    def forget(self) -> None:
        """Begin anew."""
        for told in (self.planned, self.injected, self.asked):
            told.clear()

    def images(self) -> int:
        """How many requests for images came."""
        return sum(path.startswith("/data/") for path in self.asked)

    def different_images(self) -> int:
        """How many images were asked for, however often: a busy machine may have let one wait too long."""
        return len({path for path in self.asked if path.startswith("/data/")})

    def next(self, path: str) -> str | None:
        """The fault that this request meets."""
        kind = "image" if path.startswith("/data/") else "api"
        with self.lock:
            self.asked.append(path)
            if kind == "image":
                self.before_image.pop(self.images(), lambda: None)()
            found = next((fault for fault in self.planned if fault[0] == kind), None)
            if found is None:
                return None
            self.planned.remove(found)
            self.injected.append(found)
            return found[1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def do_GET(self) -> None:
        fault = self.proxy.next(self.path)
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.proxy.tokens.add(self.headers.get("authorization", " ").partition(" ")[2])
        if fault in {"hang", "refuse"}:
            self.close_connection = True
            if fault == "hang":
                self._wait()
            return
        if fault is not None and fault.isdigit():
            headers = {"Retry-After": "0"} if fault == "429" else {}
            if fault.startswith("3"):
                headers["Location"] = f"{self.proxy.elsewhere}{self.path}"
            self._answer(int(fault), headers, f"<html>{self.headers}".encode() + sent)
            return
        status, headers, body = self._upstream(sent)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._spoiled(fault, status, headers, body)

    def do_POST(self) -> None:
        self.do_GET()

    def _upstream(self, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(urlsplit(self.proxy.upstream).netloc, timeout=60)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        try:
            connection.request(self.command, self.path, sent or None, kept)
            answer = connection.getresponse()
            headers = {name: value for name, value in answer.getheaders() if name.lower() in _PASSED_ON}
            return answer.status, headers, answer.read()
        except OSError:  # the server is down: so would a real proxy say
            return 502, {}, b"bad gateway"
        finally:
            connection.close()

    def _spoiled(self, fault: str | None, status: int, headers: dict[str, str], body: bytes) -> None:
        if fault in {"cut", "tail"}:
            body = body[:-5] if fault == "tail" else body[: len(body) // 2]
            headers = {name: value for name, value in headers.items() if name.lower() != "content-range"}
            self._answer(200 if status == 206 else status, headers, body)
        elif fault in {"reset", "short"}:
            self._answer(status, headers, body, sent=len(body) // 2)
            self.close_connection = True
            if fault == "reset":
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
        elif fault == "unsaid":
            self.close_connection = True
            self._answer(status, headers | {"Connection": "close"}, body[: len(body) // 2], promised=False)
        elif fault in {"drip", "slow"}:
            self._answer(status, headers, body, sent=0)
            pieces = [body[at : at + 1] for at in range(len(body))] if fault == "drip" else _thirds(body)
            for piece in pieces:
                self._write(piece)
                time.sleep(0.05)
        else:
            self._answer(status, headers, body)

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None, *, promised: bool = True
    ) -> None:
        """Promise the whole body, and send the first `sent` bytes of it."""
        self.send_response(status)
        length = {"Content-Length": str(len(body))} if promised else {}
        for name, value in (headers | length).items():
            self.send_header(name, value)
        self.end_headers()
        self._write(body[:sent])

    def _write(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()

    def _wait(self) -> None:
        """Until the client has had enough."""
        self.connection.settimeout(0.1)
        while not self.proxy.closing.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                if not self.connection.recv(1):
                    return

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def faults(upstream: str) -> Iterator[FaultyProxy]:
    """A proxy on a free port of 127.0.0.1 in front of `upstream`, until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    proxy = FaultyProxy(f"http://127.0.0.1:{server.server_port}", upstream)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"proxy": proxy})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        server.shutdown()
        server.server_close()


def _thirds(body: bytes) -> list[bytes]:
    third = len(body) // 3
    return [body[:third], body[third : 2 * third], body[2 * third :]]
