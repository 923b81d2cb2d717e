"""Keeps connections busy with one request, in a process of its own; prints JSON.

Run: load.py PORT PATH BODY_FILE CONNECTIONS WARM_UP_S SECONDS

Each connection sends its next request as soon as the last one is answered. An answer that is not
complete, or not 200, ends the run.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

PATIENCE_S = 30
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class WrongAnswerError(Exception):
    """What came is not the answer to a request."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What was answered while the clock ran."""

    answered: int
    requests_per_s: float
    p50_us: float
    p99_us: float
    busy: float
    """Share of a core that this process took: near 1 it would have measured itself."""
    answer: str
    """The body of the last answer."""


class Connection:
    """One request at a time over one socket."""

    def __init__(self, port: int, request: bytes) -> None:
        """Connect; nothing is sent yet."""
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._received = b""
        self._sent_ns = 0
        self.body = b""

    def send(self) -> None:
        """Send the request."""
        self._received = b""
        self._sent_ns = time.perf_counter_ns()
        self.socket.sendall(self._request)

    def receive(self) -> int | None:
        """Nanoseconds that the answer took, once it is whole.

        Raises:
            WrongAnswerError: the connection ended, or the status is not 200.
        """
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise WrongAnswerError(f"the connection ended after {self._received!r}")
        self._received += chunk
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise WrongAnswerError(f"not 200: {self._received.decode(errors='replace')}")
        length = LENGTH.search(head + b"\r\n")
        if length is None:
            raise WrongAnswerError(f"an answer without content-length: {head!r}")
        if len(body) < int(length[1]):
            return None
        self.body = body
        return time.perf_counter_ns() - self._sent_ns


def load(port: int, request: bytes, n_connections: int, warm_up_s: float, seconds: float) -> Load:
    """Keep this many connections busy; what happens while warming up does not count."""
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        connections = [Connection(port, request) for _ in range(n_connections)]
        for connection in connections:
            stack.enter_context(connection.socket)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        drive(selector, warm_up_s)
        began_s, began_busy_s = time.perf_counter(), time.process_time()
        latencies_ns = drive(selector, seconds)
        took_s, busy_s = time.perf_counter() - began_s, time.process_time() - began_busy_s
        drain(connections)
    if not latencies_ns:
        raise WrongAnswerError(f"nothing was answered within {seconds} s")
    latencies_ns.sort()
    return Load(
        answered=len(latencies_ns),
        requests_per_s=len(latencies_ns) / took_s,
        p50_us=quantile(latencies_ns, 0.5) / 1e3,
        p99_us=quantile(latencies_ns, 0.99) / 1e3,
        busy=busy_s / took_s,
        answer=connections[0].body.decode(),
    )


def drive(selector: selectors.BaseSelector, seconds: float) -> list[int]:
    """Send again whatever is answered; nanoseconds of each answer."""
    latencies_ns: list[int] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, _ in selector.select(seconds):
            took_ns = key.data.receive()
            if took_ns is not None:
                key.data.send()
                latencies_ns.append(took_ns)
    return latencies_ns


def drain(connections: Sequence[Connection]) -> None:
    """Take the answers that are still to come, so that no server sees its caller go."""
    for connection in connections:
        while connection.receive() is None:
            pass


def quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest that so many are not above."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request_of(port: int, path: str, body: bytes) -> bytes:
    """A POST of JSON as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1",
        f"host: 127.0.0.1:{port}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def main(port: str, path: str, body: str, *numbers: str) -> None:
    """Measure and tell."""
    n_connections, warm_up_s, seconds = numbers
    request = request_of(int(port), path, Path(body).read_bytes())
    found = load(int(port), request, int(n_connections), float(warm_up_s), float(seconds))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
