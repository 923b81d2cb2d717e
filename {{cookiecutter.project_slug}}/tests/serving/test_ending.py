"""How a server ends: told in time, with every answer whole."""

import json
import os
import signal
import subprocess
import threading
import time
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from socket import create_server
from typing import Any

import httpx
import pytest

from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.server import work

from .callers import Raw, Story, ask_until_refused, port_of, request
from .conftest import serve_config
from .live import add_version, records, settings_of, until
from .test_server import process
from .test_workers import counted

ENDINGS = 20
DRAIN_S = 0.3

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends signals as POSIX does")


def status(url: str) -> int:
    return httpx.get(f"{url}/health/ready", timeout=20).status_code


def ended_well(server: "subprocess.Popen[str]") -> bool:
    assert server.wait(30) == 0
    assert server.stderr is not None
    assert server.stderr.read() == ""
    return True


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_server_that_drains_is_not_ready_and_answers_until_the_second_signal(
    tmp_path: Path, shop: Contract, row: dict[str, Any], workers: int
) -> None:
    options = ["--set", "serve.drain_s=600", "--set", f"serve.workers={workers}"]
    with process(tmp_path, shop, *options) as (server, url), httpx.Client(base_url=url) as client:
        until(lambda: counted(url, "workers") == workers, "workers")
        assert status(url) == 200
        assert "connection" not in client.post("/predict", json={"rows": [row]}).headers
        server.terminate()
        until(lambda: all(status(url) == 503 for _ in range(4)), "readiness to end")
        assert "about to end" in client.get("/health/ready").json()["problem"]
        answer = client.post("/predict", json={"rows": [row]})
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert client.get("/health/live").status_code == 200
        server.terminate()
        assert ended_well(server)
    assert len(records(tmp_path / "live")) == 2


def test_a_request_in_flight_is_answered_after_the_server_stopped_to_listen(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    body = json.dumps({"rows": [row]}).encode()
    with process(tmp_path, shop, "--set", "serve.drain_s=0") as (server, url):
        with Raw(port_of(url)) as slow:
            slow.socket.sendall(request(body)[:-10])
            until(lambda: counted(url, "workers") == 1, "the server to read it")
            server.terminate()
            until(lambda: refused(url), "the end of listening")
            status, headers, answer = slow.ask(body[-10:])
        assert (status, headers["connection"]) == (200, "close")
        assert len(json.loads(answer)["predictions"]) == 1
        assert ended_well(server)
    assert len(records(tmp_path / "live")) == 1


def test_a_request_that_never_ends_does_not_keep_the_server(tmp_path: Path, shop: Contract) -> None:
    options = ["--set", "serve.drain_s=0", "--set", "serve.deadline_s=1"]
    with process(tmp_path, shop, *options) as (server, url):
        with Raw(port_of(url)) as stuck:
            stuck.socket.sendall(request(b"", length=1_000))
            until(lambda: counted(url, "workers") == 1, "the server to read it")
            server.terminate()
            status, _, answer = stuck.answer()
            assert (status, json.loads(answer)["code"]) == (503, "ending")
            assert stuck.closed()
        assert server.wait(30) == 0
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_two_quick_interrupts_end_it_without_a_traceback(
    tmp_path: Path, shop: Contract, workers: int
) -> None:
    with process(tmp_path, shop, "--set", f"serve.workers={workers}") as (server, url):
        until(lambda: counted(url, "workers") == workers, "workers")
        with Raw(port_of(url)) as stuck:
            stuck.socket.sendall(request(b"", length=1_000))
            server.send_signal(signal.SIGINT)
            time.sleep(0.05)
            server.send_signal(signal.SIGINT)
            assert ended_well(server)


def refused(url: str) -> bool:
    try:
        Raw(port_of(url)).socket.close()
    except OSError:
        return True
    return False


def serve_again(config: ServeConfig, said: "Connection") -> None:
    """One server after the other in one process, which starts more quickly than one each."""
    for _ in range(ENDINGS):
        listener = create_server(("127.0.0.1", 0), backlog=2048)
        said.send(listener.getsockname()[1])
        work(settings_of(config), listener)
    said.send(None)


@pytest.mark.slow
def test_of_many_endings_under_load_none_loses_a_request(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path, drain_s=DRAIN_S)
    add_version(config.bundles, shop)
    heard, said = Pipe(duplex=False)
    server = get_context("spawn").Process(target=serve_again, args=(config, said))
    server.start()
    body, answered = json.dumps({"rows": [row]}).encode(), set()
    try:
        for ending in range(ENDINGS):
            stories = end_under_load(server.pid or 0, heard.recv(), f"{ending}", body)
            answered |= {given for story in stories for given, _ in story.answered}
        assert heard.recv() is None
        server.join(30)
        assert server.exitcode == 0
    finally:
        server.kill()
    assert answered <= {record["request_id"] for record in records(config.log)}


def end_under_load(pid: int, port: int, name: str, body: bytes) -> list[Story]:
    """Send SIGTERM while four callers ask, two of whom keep their connections."""
    stories = [Story() for _ in range(4)]
    callers = [
        threading.Thread(
            target=ask_until_refused,
            args=(port, f"{name}-{number}", body, story),
            kwargs={"keep": number % 2 == 0},
        )
        for number, story in enumerate(stories)
    ]
    for caller in callers:
        caller.start()
    until(lambda: all(len(story.answered) >= 10 for story in stories), "load")
    asked_at = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    for caller in callers:
        caller.join(30)
    for story in stories:
        assert story.answered[-1][1] > asked_at
        assert story.refused_at is not None
        assert story.refused_at >= asked_at + DRAIN_S
        assert [lost for lost in story.lost if lost[0] < asked_at + DRAIN_S] == []
    return stories
