"""The demo's failures; that it runs to its end is a test of the template."""

import json
import socket
from pathlib import Path

import pytest

from {{ cookiecutter.__package }} import demo
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    ProjectError,
    ServerUnreachableError,
)

from .conftest import write_configs

DATA = {"driving": "orders", "split": {"validation_from": "2024-03-01", "test_from": "2024-04-01"}}


@pytest.mark.slow
def test_a_stage_that_fails_and_a_server_that_cannot_start_end_the_demo_with_the_reason(
    tmp_path: Path,
    shop: Contract,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_configs(tmp_path, {"contract": json.loads(shop.text), "data": DATA})
    monkeypatch.chdir(tmp_path)
    configs = tmp_path / "configs"
    with pytest.raises(ProjectError, match="'data' ended with exit code 3"):
        demo.run(configs, [])
    assert "'orders.csv' does not exist" in capfd.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["--configs", str(configs), "--set", f"serve.port={port}"]
        stopped = pytest.raises(ServerUnreachableError, match="stopped at its start")
        with stopped, demo.server(arguments, f"http://127.0.0.1:{port}"):
            pass
    assert f"cannot listen on 127.0.0.1:{port}" in capfd.readouterr().err
