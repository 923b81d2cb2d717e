"""Real receivers of mail and of HTTP, which refuse for as long as a test wants."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

ANSWERS = {b"EHLO": b"250-here\r\n250 AUTH PLAIN", b"AUTH": b"235 welcome", b"QUIT": b"221 bye"}


class Mailbox(ThreadingTCPServer):
    """Takes mail by SMTP (RFC 5321); answers ``refusals`` to the first recipients."""

    refusals: list[bytes]
    letters: list[Any]
    """Those that were taken."""

    @property
    def address(self) -> str:
        """In apprise's form, with a secret."""
        people = "from=project@example.com&to=team@example.com"
        server = f"user:hidden@127.0.0.1:{self.server_address[1]}"
        return f"mailto://{server}?smtp=127.0.0.1&mode=insecure&{people}"


class _Session(StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        """Answer a sender until it leaves."""
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            answer = ANSWERS.get(word, b"250 good")
            if word == b"RCPT" and self.server.refusals:
                answer = self.server.refusals.pop(0)
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                content = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(message_from_bytes(content, policy=policy.default))
            self.wfile.write(answer + b"\r\n")


class Hook(ThreadingHTTPServer):
    """Takes JSON by POST; answers ``statuses`` first, then success."""

    statuses: list[int]
    messages: list[Any]
    """Those that were taken."""

    @property
    def address(self) -> str:
        """In apprise's form, with a secret."""
        return f"json://user:hidden@127.0.0.1:{self.server_port}/path"


class _Post(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        """Take a message, or fail."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.messages += [body] if status == 200 else []
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def running(server: Mailbox | Hook) -> Iterator[None]:
    """Let a server answer while the block runs."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def mailbox(*refusals: bytes) -> Iterator[Mailbox]:
    """A mail server while the block runs."""
    with Mailbox(("127.0.0.1", 0), _Session) as server:
        server.refusals, server.letters = [*refusals], []
        with running(server):
            yield server


@contextmanager
def hook(*statuses: int) -> Iterator[Hook]:
    """A receiver of HTTP while the block runs."""
    with Hook(("127.0.0.1", 0), _Post) as server:
        server.statuses, server.messages = [*statuses], []
        with running(server):
            yield server
