"""A receiver of webhooks: it remembers what it was told, and answers as it is asked to."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Webhook:
    """Its secret address, the status of its next answers, and every JSON body that it got."""

    url: str
    status: int = 204
    hang: threading.Event | None = None  # answer only once this is set
    told: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if receiver.hang:
                receiver.hang.wait(60)
            self.send_response(receiver.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Webhook(f"http://127.0.0.1:{server.server_port}/services/T0/B0/s3cret-hook")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        if receiver.hang:
            receiver.hang.set()
        server.shutdown()
