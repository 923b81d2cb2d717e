"""A real HTTP server that fails as it is told to, and remembers what it was asked."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import parse_headers

WAIT_S = 20.0
Act = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Received:
    """A request that arrived whole."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Faulty:
    """Where the server is, and what came, one entry for each time that it was sent."""

    url: str
    asked: list[Received] = field(default_factory=list)


def answers(content: object, status: int = 200, **headers: str) -> Act:
    """Answer with JSON, or with bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return writes("\r\n".join([*lines, "", ""]).encode() + body)


def fails(status: int, code: str, message: str = "why", **headers: str) -> Act:
    """Answer with an error in the documented shape."""
    problem = {"code": code, "message": message, "faults": [], "request_id": "theirs"}
    return answers(problem, status, **headers)


def writes(raw: bytes) -> Act:
    """Write bytes, whole answer or not, and close."""
    return lambda connection: connection.sendall(raw)


def hangs(connection: socket.socket) -> None:
    """Say nothing until the caller goes."""
    connection.recv(1)


def trickles(connection: socket.socket) -> None:
    """Answer a byte at a time, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(b" ")
            time.sleep(0.02)


HEAD = {"model": "shop", "version": 3, "request_id": "r"}
GOOD = answers({**HEAD, "predictions": [{"probability": 0.25, "decision": False}]})


@contextmanager
def faulty(*acts: Act) -> Iterator[Faulty]:
    """A server that does one act after the other, each on a connection of its own; the last, again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        server = Faulty(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        closing = threading.Event()

        def serve() -> None:
            while not closing.is_set():
                with suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(WAIT_S)
                        server.asked.append(_received(connection))
                        acts[min(len(server.asked), len(acts)) - 1](connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            closing.set()
            thread.join(WAIT_S)
            assert not thread.is_alive()


def _received(connection: socket.socket) -> Received:
    with connection.makefile("rb") as file:
        line = file.readline().decode()
        sent = parse_headers(file)
        headers = {name.lower(): value for name, value in sent.items()}
        body = file.read(int(headers.get("content-length", 0)))
    return Received(line=line.removesuffix(" HTTP/1.1\r\n"), headers=headers, body=body)
