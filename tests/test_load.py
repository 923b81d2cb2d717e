"""What keeps connections busy for benchmarks of servers counts right, and takes no wrong answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from load import Load, WrongAnswerError, load, request_of

ANSWER = b'{"predictions": [{"probability": 0.25}]}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
BODY = b'{"rows": [{"a": 1}]}'
Speak = Callable[[socket.socket, bytes], None]


@dataclass
class Answering:
    """A server that answers every request in its own way."""

    listener: socket.socket
    speak: Speak
    requests: list[bytes] = field(default_factory=list)
    n_connections: int = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    def accept(self) -> None:
        """Give each connection a thread, until the listener is closed."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.n_connections += 1
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        """Answer what comes over one connection until it ends."""
        with connection:
            while request := connection.recv(65_536):
                self.requests.append(request)
                try:
                    self.speak(connection, request)
                except OSError:
                    return


@contextmanager
def answering(speak: Speak) -> Iterator[Answering]:
    """Run a server in threads of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Answering(listener, speak)
        threading.Thread(target=server.accept, daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def ask(server: Answering, n_connections: int = 1, *, warm_up_s: float = 0.0) -> Load:
    """Keep connections busy for a moment."""
    request = request_of(server.port, "/predict", BODY)
    return load(server.port, request, n_connections, warm_up_s, 0.3)


def whole(connection: socket.socket, _: bytes) -> None:
    """Answer rightly and at once."""
    connection.sendall(WHOLE)


def test_every_answer_is_counted_and_every_connection_kept() -> None:
    with answering(whole) as server:
        found = ask(server, 3)

    assert server.n_connections == 3
    # What is on its way when the time is up is answered, but not counted.
    assert found.answered == len(server.requests) - 3
    assert found.answer == ANSWER.decode()


def test_what_is_answered_while_warming_up_does_not_count() -> None:
    with answering(whole) as server:
        found = ask(server, warm_up_s=0.3)

    assert 0 < found.answered < 0.9 * len(server.requests)


def test_a_request_goes_over_the_wire_whole() -> None:
    with answering(whole) as server:
        ask(server)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /predict HTTP/1.1\r\n")
    assert f"content-length: {len(BODY)}".encode() in head
    assert body == BODY


def test_latency_is_the_time_until_the_last_byte() -> None:
    def in_pieces(connection: socket.socket, _: bytes) -> None:
        for piece in (WHOLE[:9], WHOLE[9:-5], WHOLE[-5:]):
            time.sleep(0.01)
            connection.sendall(piece)

    with answering(in_pieces) as server:
        found = ask(server, 4)

    assert 30_000 <= found.p50_us <= found.p99_us
    assert found.requests_per_s <= 4 / 0.03
    assert found.answer == ANSWER.decode()


@pytest.mark.parametrize(
    ("spoken", "told"),
    [
        (WHOLE.replace(b"200 OK", b"503 Service Unavailable"), "not 200: HTTP/1.1 503"),
        (WHOLE.replace(b"Content-Length", b"X"), "without content-length"),
    ],
)
def test_an_answer_that_is_none_ends_the_run(spoken: bytes, told: str) -> None:
    def wrong(connection: socket.socket, _: bytes) -> None:
        connection.sendall(spoken)

    with answering(wrong) as server, pytest.raises(WrongAnswerError, match=told):
        ask(server)


def test_a_connection_that_ends_within_an_answer_ends_the_run() -> None:
    def torn(connection: socket.socket, _: bytes) -> None:
        connection.sendall(WHOLE[:-3])
        connection.shutdown(socket.SHUT_RDWR)

    with answering(torn) as server, pytest.raises(WrongAnswerError, match="connection ended"):
        ask(server)
