"""A real receiver of mail, which refuses it for as long as a test wants."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
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


@contextmanager
def mailbox(*refusals: bytes) -> Iterator[Mailbox]:
    """A mail server while the block runs."""
    with Mailbox(("127.0.0.1", 0), _Session) as server:
        server.refusals, server.letters = [*refusals], []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
