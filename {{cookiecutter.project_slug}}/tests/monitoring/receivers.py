"""A real receiver of messages by HTTP, which fails for as long as a test wants."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """Takes JSON by POST; answers ``statuses`` first, then success."""

    statuses: list[int]
    messages: list[dict[str, Any]]
    """Those that were taken."""

    @property
    def address(self) -> str:
        """In apprise's form, with a secret."""
        return f"json://user:hidden@127.0.0.1:{self.server_port}/secret?cto=30&rto=30"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take a message, or fail."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.messages.append(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def receiver(*statuses: int) -> Iterator[Receiver]:
    """A receiver while the block runs."""
    with Receiver(("127.0.0.1", 0), _Handler) as server:
        server.statuses, server.messages = [*statuses], []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
