"""Starts the predictor of a rendered project in a process of its own, and talks to it over HTTP."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from rendering import BakedProject, clean_environment

START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    text: str

    @property
    def content(self) -> Any:
        """The answer as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Server:
    """A predictor that runs in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, path: str, body: object = None) -> Answer:
        """Send a GET, or a POST if there is a body."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = Request(f"http://127.0.0.1:{self.port}{path}", content, headers)
        try:
            with urlopen(request, timeout=30) as response:  # noqa: S310 - http, see above
                return Answer(response.status, response.read().decode())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode())

    def wait_until_ready(self) -> None:
        """Return as soon as a model serves; fail with the server's output if none does."""
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.ask("/health/ready").status == 200:
                    return
            except (URLError, ConnectionError):
                pass
            time.sleep(0.1)
        pytest.fail(f"the server did not become ready\n{self.log.read_text()}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(python: Path, project: BakedProject, log: Path) -> Server:
    """Start the predictor of a project and wait until it serves."""
    port = free_port()
    command: list[str | Path] = [
        python,
        "-P",
        "-m",
        "flight_delay",
        "serve",
        "--set",
        f"serve.port={port}",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=project.path,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        server.wait_until_ready()
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


def stop(server: Server) -> int:
    """Ask a server to stop, as an operator would, and return its exit code."""
    server.process.send_signal(signal.SIGTERM)
    try:
        return server.process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
        pytest.fail(f"the server did not stop\n{server.log.read_text()}")
