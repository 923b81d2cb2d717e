"""A server in a process of its own: started on a core of its own, asked, and stopped."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

START_S, STOP_S, STEP_S = 90, 20, 0.01
TOLERANCE = 1e-6
ASK = build_opener(ProxyHandler({})).open


@dataclass(frozen=True, kw_only=True)
class Server:
    """How one is started, and what it is asked."""

    command: tuple[str | Path, ...]
    """``{port}`` stands for the port."""
    folder: Path
    """In which it runs."""
    body: Path
    """Of the request."""
    probability: float
    """That answers it."""
    path: str = "/predict"
    environment: Mapping[str, str] = field(default_factory=dict)
    n_workers: int = 1
    """More than one may use every core."""

    def check(self, answer: str | bytes) -> None:
        """End the run where an answer is not right: being wrong is not a way of being fast."""
        found = json.loads(answer)["predictions"][0]["probability"]
        if not math.isclose(found, self.probability, abs_tol=TOLERANCE):
            raise SystemExit(f"{self.command} answered {found}, which is not {self.probability}")


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that has answered once, rightly."""

    port: int
    ready_s: float
    """From its start to that answer."""


@contextlib.contextmanager
def running(server: Server, log: Path, cores: set[int] | None = None) -> Iterator[Running]:
    """Start a server, and whatever it starts, on these cores or on all; stop it at the end."""
    port = free_port()
    command = [str(part).format(port=port) for part in server.command]
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with log.open("wb") as output, pinned(cores):
        process = subprocess.Popen(
            command,
            cwd=server.folder,
            env={**os.environ, **server.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while (answer := ask(server, port)) is None:
            if process.poll() is not None or time.perf_counter() - began > START_S:
                raise SystemExit(f"{' '.join(command)} does not answer:\n{log.read_text()[-3000:]}")
            time.sleep(STEP_S)
        ready_s = time.perf_counter() - began
        server.check(answer)
        yield Running(port=port, ready_s=ready_s)
    finally:
        stop(process)


def ask(server: Server, port: int) -> bytes | None:
    """The answer to the server's request; none where it does not listen or refuses yet."""
    request = Request(
        f"http://127.0.0.1:{port}{server.path}",
        server.body.read_bytes(),
        {"content-type": "application/json"},
    )
    try:
        with ASK(request, timeout=START_S) as response:
            answer: bytes = response.read()
            return answer
    except (OSError, HTTPException):
        return None


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a server and its children to end, and end them where they do not."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def usable_cores() -> list[int] | None:
    """Of this process; none where the system does not tell, or there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores if len(cores) > 1 else None


@contextlib.contextmanager
def pinned(cores: set[int] | None) -> Iterator[None]:
    """This process, and whatever it starts meanwhile, stay on these cores."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
