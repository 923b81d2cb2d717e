"""Real receivers of messages, which fail for as long as a test wants: HTTP, and SMTP."""

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler
from typing import Any


@dataclass
class Received:
    """What came, and how to answer the next ones; once ``answers`` are used up, with success."""

    answers: list[int] = field(default_factory=list)
    tries: int = 0
    posts: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    """Path, JSON body and id of each that was taken."""
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    hang: threading.Event | None = None
    """Held open, unanswered, until it is set."""
    port: int = 0

    def answer(self, success: int) -> int:
        """The status to answer now."""
        self.tries += 1
        if self.hang is not None:
            self.hang.wait(30)
        return self.answers.pop(0) if self.answers else success


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    received: Received
    secured: ssl.SSLContext | None = None


class _Web(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.received.answer(200)
        if status == 200:
            key = self.headers["Idempotency-Key"]
            self.server.received.posts.append((self.path, json.loads(body), key))
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """What a redirected message would become."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Smtp(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer commands until the other goes."""
        self.say("220 ready")
        try:
            while (line := self.rfile.readline()) and not line.upper().startswith(b"QUIT"):
                self.obey(line.decode().strip())
        except ssl.SSLError:
            pass  # it does not trust us
        finally:
            self.request.close()

    def obey(self, line: str) -> None:
        """Answer one command."""
        verb = line.upper()
        bare = self.server.secured is not None and not isinstance(self.request, ssl.SSLSocket)
        if verb.startswith("EHLO"):
            self.say("250-here")
            self.say("250-STARTTLS" if bare else "250-AUTH PLAIN")
            self.say("250 8BITMIME")
        elif verb == "STARTTLS" and self.server.secured is not None:
            self.say("220 go on")
            self.request = self.server.secured.wrap_socket(self.request, server_side=True)
            self.setup()
        elif verb.startswith("AUTH"):
            self.server.received.logins.append(line.split()[-1])
            self.say("235 known")
        elif verb == "DATA":
            self.take()
        else:
            self.say("250 fine")

    def take(self) -> None:
        """Take a mail, or refuse it."""
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        status = self.server.received.answer(250)
        if status == 250:
            mail = message_from_bytes(b"".join(lines), policy=default)
            assert isinstance(mail, EmailMessage)
            self.server.received.mails.append(mail)
        self.say(f"{status} so it is")

    def say(self, line: str) -> None:
        """Send a line."""
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def web(*answers: int) -> Iterator[Received]:
    """A server that takes JSON by POST."""
    with _serving(_Web, Received(answers=list(answers)), None) as received:
        yield received


@contextmanager
def smtp(*answers: int, secured: ssl.SSLContext | None = None) -> Iterator[Received]:
    """A server that takes mail; ``answers`` are those to DATA. With ``secured`` it offers STARTTLS."""
    with _serving(_Smtp, Received(answers=list(answers)), secured) as received:
        yield received


@contextmanager
def _serving(
    handler: type[socketserver.BaseRequestHandler],
    received: Received,
    secured: ssl.SSLContext | None,
) -> Iterator[Received]:
    with _Server(("127.0.0.1", 0), handler) as server:
        server.received, server.secured = received, secured
        received.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield received
        finally:
            if received.hang is not None:
                received.hang.set()
            server.shutdown()
            thread.join()
