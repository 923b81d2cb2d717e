"""An alert by mail, to a real server of SMTP that refuses for a while."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email import message_from_bytes, policy
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from {{ cookiecutter.__package }}.config import MonitorConfig
from {{ cookiecutter.__package }}.monitoring.alerts import ADDRESSES

from .conftest import drift, judge_week, update

ANSWERS = {b"EHLO": b"250-here\r\n250 AUTH PLAIN", b"AUTH": b"235 welcome", b"QUIT": b"221 bye"}


@contextmanager
def mailbox(*refusals: bytes) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers ``refusals`` to the first recipients: its address, and letters taken."""
    letters, left = list[Any](), [*refusals]

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper()
                answer = ANSWERS.get(word, b"250 good")
                if word == b"RCPT" and left:
                    answer = left.pop(0)
                elif word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    content = b"".join(iter(self.rfile.readline, b".\r\n"))
                    letters.append(message_from_bytes(content, policy=policy.default))
                self.wfile.write(answer + b"\r\n")

    people = "from=project@example.com&to=team@example.com"
    with ThreadingTCPServer(("127.0.0.1", 0), Session) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.02)
        place = f"user:hidden@127.0.0.1:{server.server_address[1]}?smtp=127.0.0.1&mode=insecure"
        yield f"mailto://{place}&{people}", letters
        server.shutdown()


def test_a_letter_that_was_refused_is_sent_by_the_next_run_and_once(
    config: MonitorConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for week in range(2):
        judge_week(config, week, drift(0.3))
    with mailbox(b"450 later") as (address, letters):
        monkeypatch.setenv(ADDRESSES, address)
        update(config)
        assert letters == []
        for _ in range(2):
            update(config)
    (letter,) = letters
    assert letter["To"].addresses[0].addr_spec == "team@example.com"
    assert letter["Subject"] == "[warning] shop version 2"
    assert "price drifts" in letter.get_body(("plain", "html")).get_content()
    assert "hidden" not in capsys.readouterr().out
