import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.log.live import read_rows
from {{ cookiecutter.__package }}.serving.server import serve

from ..conftest import PACKAGE
from .conftest import serve_config
from .live import add_version, records, settings_of

SETTINGS = {
    "data": {
        "driving": "orders",
        "split": {"validation_from": "2024-03-01", "test_from": "2024-04-01"},
    },
    "serve": {"bundles": "bundles", "log": "live", "port": 0},
}


@contextmanager
def process(
    folder: Path, contract: Contract, *options: str
) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """``serve`` as a person types it, and its address."""
    project(folder, contract)
    with start(folder, *options) as server:
        try:
            yield server, address_of(server)
        finally:
            server.kill()


def project(folder: Path, contract: Contract) -> None:
    """A folder in which ``serve`` can be typed."""
    add_version(folder / "bundles", contract)
    (folder / "configs").mkdir()
    for name, section in SETTINGS.items():
        (folder / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(section))


def start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """``serve``, which takes a while to listen."""
    command = [sys.executable, "-m", PACKAGE, "serve", *options]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def address_of(server: "subprocess.Popen[str]") -> str:
    """Where it listens, once it does."""
    assert server.stdout is not None
    address = re.search(r"http://\S+", server.stdout.readline())
    assert address
    return address.group()


def test_a_port_that_is_taken_is_told_with_another_to_choose(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = serve_config(tmp_path).model_copy(update={"port": port})
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*--set serve.port") as caught:
            serve(settings_of(config))
    assert caught.value.exit_code == 2


def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 203\.0\.113\.1"):
        serve(settings_of(serve_config(tmp_path, host="203.0.113.1", open=True)))


def test_every_answer_is_in_the_log_once_although_the_server_was_killed(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    body = json.dumps({"rows": [row] * 3}).encode()
    answered: list[str] = []
    enough = threading.Event()
    with process(tmp_path, shop) as (server, url):

        def load(caller: int) -> None:
            with httpx.Client(base_url=url, timeout=20) as client:
                for number in range(100_000):
                    given = f"{caller}-{number}"
                    try:
                        response = client.post(
                            "/predict", content=body, headers={"x-request-id": given}
                        )
                    except httpx.TransportError:
                        return
                    assert response.status_code == 200
                    answered.append(given)
                    if len(answered) >= 150:
                        enough.set()

        callers = [threading.Thread(target=load, args=(caller,)) for caller in range(4)]
        for caller in callers:
            caller.start()
        assert enough.wait(20)
        os.kill(server.pid, signal.SIGKILL)
        for caller in callers:
            caller.join()
        assert server.wait(20) == -signal.SIGKILL
    logged = Counter((r["request_id"], r["row"]) for r in read_rows(tmp_path / "live"))
    assert set(logged.values()) == {1}
    assert {(given, index) for given in answered for index in range(3)} <= set(logged)
    assert len(logged) <= 3 * (len(answered) + 4)


def test_a_server_that_is_asked_to_stop_ends_well(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    with process(tmp_path, shop) as (server, url):
        assert httpx.post(f"{url}/predict", json={"rows": [row]}).status_code == 200
        server.terminate()
        assert server.wait(20) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""
    assert len(records(tmp_path / "live")) == 1
