"""A server that sends more than anybody can take."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Endless:
    """A server that sends `head`, and then zeros for as long as anybody takes them."""

    def __init__(self) -> None:
        self.head, self.headers, self.status, self.endless = b"", {}, 200, True
        self.asked, self.sent = 0, 0
        endless = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endless.asked += 1
                self.send_response(endless.status)
                for name, value in endless.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(endless.head)
                while endless.endless:
                    endless.sent += self.wfile.write(bytes(1 << 16))

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that hangs up is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def endless() -> Iterator[Endless]:
    served = Endless()
    yield served
    served.server.shutdown()
    served.server.server_close()
