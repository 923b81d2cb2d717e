"""Callers that see what a library hides: raw bytes."""

import json
import socket
from urllib.parse import urlsplit

import httpx

from {{ cookiecutter.__package }}.serving.problems import Problem

from .conftest import Serving

WAIT_S = 30.0
JSON = "content-type: application/json"


def post(serving: Serving, rows: object, **headers: str) -> httpx.Response:
    """Ask for a prediction."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return serving.client.post("/predict", content=json.dumps({"rows": rows}), headers=sent)


def problem_of(response: httpx.Response, status: int) -> Problem:
    """The error, in the one documented shape."""
    assert response.status_code == status, response.text
    assert set(response.json()) == {"code", "message", "faults", "request_id"}
    problem = Problem.model_validate_json(response.content)
    assert problem.request_id == response.headers["x-request-id"]
    return problem


def faults_of(response: httpx.Response) -> set[tuple[str, str]]:
    """Field and rule of every fault."""
    problem = problem_of(response, 422)
    assert problem.code == "invalid_request"
    assert all(fault.message for fault in problem.faults)
    return {(fault.field, fault.rule) for fault in problem.faults}


def port_of(url: str) -> int:
    """The port of a server's address."""
    port = urlsplit(url).port
    assert port is not None
    return port


def request(body: bytes, path: str = "/predict", *more: str, length: int | None = None) -> bytes:
    """A POST as bytes; ``more`` are header lines."""
    lines = [f"POST {path} HTTP/1.1", "host: localhost", *more]
    lines.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Raw:
    """A connection that sends bytes as they are."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self._read = b""

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send, and read the answer."""
        self.socket.sendall(raw)
        return self.answer()

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one answer: status, headers, body.

        Raises:
            ConnectionError: the server has closed the connection before its end.
        """
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        pairs = [text.split(": ", 1) for text in lines]
        headers = {name.lower(): value for name, value in pairs}
        length = int(headers.get("content-length", 0))
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        return int(line.split()[1]), headers, body

    def closed(self) -> bool:
        """Wait for the server's end of the connection."""
        try:
            return self.socket.recv(65_536) == b""
        except ConnectionError:
            return True

    def _more(self) -> None:
        piece = self.socket.recv(65_536)
        if not piece:
            raise ConnectionError("closed before the answer's end")
        self._read += piece
