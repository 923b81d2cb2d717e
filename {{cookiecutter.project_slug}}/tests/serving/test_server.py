"""``serve`` as a person types it: messages, signals, workers."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.serving import server as module
from {{ cookiecutter.__package }}.serving.server import serve

from ..conftest import PACKAGE
from .callers import ask, connect, request
from .conftest import serve_config
from .live import add_version, records, settings_of, until
from .test_metrics import scraped

SETTINGS = {
    "data": {
        "driving": "orders",
        "split": {"validation_from": "2024-03-01", "test_from": "2024-04-01"},
    },
    "serve": {"bundles": "bundles", "log": "live", "port": 0},
}
posix = pytest.mark.skipif(os.name == "nt", reason="signals and children as POSIX has them")


@contextmanager
def process(
    folder: Path, contract: Contract | None, *options: str, python: tuple[str, ...] = ()
) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """``serve`` as a person types it, and its address, once it answers.

    ``None`` is for a folder that is a project already. What it complains of is in ``stderr.txt``.
    """
    if contract is not None:
        project(folder, contract)
    with start(folder, *options, python=python) as server:
        try:
            url = address_of(server)
            httpx.get(f"{url}/health/live", timeout=60)  # whoever connects before waits
            yield server, url
        finally:
            server.kill()


def project(folder: Path, contract: Contract) -> None:
    """A folder in which ``serve`` can be typed."""
    add_version(folder / "bundles", contract)
    (folder / "configs").mkdir()
    (folder / "configs" / "contract.yaml").write_text(contract.text)
    for name, section in SETTINGS.items():
        (folder / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(section))


def start(folder: Path, *options: str, python: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """``serve``, which takes a while to listen."""
    command = [sys.executable, *python, "-m", PACKAGE, "serve", *options]
    with (folder / "stderr.txt").open("a") as errors:
        return subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True
        )


def address_of(server: "subprocess.Popen[str]") -> str:
    """Where it listens, as soon as it says so."""
    assert server.stdout is not None
    address = re.search(r"http://\S+", server.stdout.readline())
    assert address
    return address.group()


def refused(url: str) -> bool:
    """Whether nobody listens."""
    try:
        connect(url).close()
    except OSError:
        return True
    return False


def children(pid: int) -> set[int]:
    """The processes that answer, in whose log's names their numbers stand."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    if not listing.exists():
        pytest.skip("needs /proc")
    found = {int(child) for child in listing.read_text().split()}
    return {one for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()}


def counted(url: str, name: str) -> float:
    """A counter as whichever worker is asked tells it, over all labels; 0 while nobody answers."""
    with httpx.Client(base_url=url, timeout=20) as client, suppress(httpx.TransportError):
        return sum(v for series, v in scraped(client).items() if series.split("{")[0] == name)
    return 0


def messages(server: "subprocess.Popen[str]", folder: Path) -> list[str]:
    """What it complained of until it ended, with 0."""
    assert server.wait(30) == 0
    return (folder / "stderr.txt").read_text().splitlines()


def test_what_keeps_a_server_from_starting_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = serve_config(tmp_path).model_copy(update={"port": port})
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*--set serve.port"):
            serve(settings_of(config))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1_000))
    with pytest.raises(ConfigError, match=r"is full.* set TMPDIR"):
        serve(settings_of(serve_config(tmp_path, workers=2)))
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="zttp is not installed; install it with: pip install"):
        serve(settings_of(serve_config(tmp_path, http="zttp")))


@posix
@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_a_server_that_drains_is_not_ready_and_answers_until_the_second_signal(
    tmp_path: Path, shop: Contract, row: dict[str, Any], http: str
) -> None:
    options = ("--set", "serve.drain_s=600", "--set", f"serve.http={http}")
    with process(tmp_path, shop, *options) as (server, url):

        def status() -> int:
            return httpx.get(f"{url}/health/ready", timeout=20).status_code

        assert status() == 200
        server.terminate()
        until(lambda: status() == 503, "readiness to end")
        answer = httpx.post(f"{url}/predict", json={"rows": [row]})
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        (tmp_path / "keys.txt").write_text("none of ours")
        until(lambda: httpx.get(f"{url}/model").status_code == 401, "keys to be demanded")
        server.terminate()
        (line,) = messages(server, tmp_path)
    assert re.match(r"[\d-]+ [\d:,]+ ERROR keys: .*line 1 of 'keys.txt' is not the hash", line)
    assert len(records(tmp_path / "live")) == 1


@posix
def test_a_request_in_flight_is_answered_after_the_server_stopped_to_listen(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    body = json.dumps({"rows": [row]}).encode()
    with process(tmp_path, shop, "--set", "serve.drain_s=0") as (server, url):
        with connect(url) as slow:
            slow.sendall(request(body[:-10], f"content-length: {len(body)}"))
            time.sleep(0.3)
            server.terminate()
            until(lambda: refused(url), "the end of listening")
            status, headers, answer = ask(slow, body[-10:])
        assert (status, headers["connection"]) == (200, "close")
        assert len(answer["predictions"]) == 1
        assert messages(server, tmp_path) == []
    assert len(records(tmp_path / "live")) == 1


@posix
def test_workers_share_a_port_count_together_are_replaced_and_end_with_their_parent(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    with process(tmp_path, shop, "--set", "serve.workers=2") as (server, url):
        until(lambda: counted(url, "workers") == 2, "two workers")
        for _ in range(40):  # each on a connection of its own
            assert httpx.post(f"{url}/predict", json={"rows": [row]}).status_code == 200
        assert {counted(url, "predicted_rows_total") for _ in range(6)} == {40}
        killed = min(children(server.pid))
        os.kill(killed, signal.SIGKILL)
        until(lambda: killed not in children(server.pid), "its end")
        until(lambda: len(children(server.pid)) == 2, "another worker")
        until(lambda: counted(url, "workers") == 2, "two workers again")
        workers = children(server.pid)
        server.kill()
        server.wait(20)
        gone = time.monotonic()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "their end")
        assert time.monotonic() - gone < 5
    assert len(records(tmp_path / "live")) == 40
