"""Callers that see what a library hides: raw bytes."""

import json
import socket
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

import httpx

from {{ cookiecutter.__package }}.serving.problems import Problem

from .conftest import Serving
from .live import WAIT_S


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


def request(body: bytes, *lines: str) -> bytes:
    """A prediction's request as bytes; its length is among the lines, if it has one."""
    head = ["POST /predict HTTP/1.1", "host: localhost", "content-type: application/json", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def connect(url: object) -> socket.socket:
    """A connection to a server, which sends bytes as they are."""
    return socket.create_connection(("127.0.0.1", httpx.URL(str(url)).port), WAIT_S)


def ask(connection: socket.socket, raw: bytes) -> tuple[int, dict[str, str], Any]:
    """Send, and read the answer: status, headers, JSON."""
    connection.sendall(raw)
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, dict(answer.getheaders()), json.load(answer)


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    read = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            read += piece
    return read
