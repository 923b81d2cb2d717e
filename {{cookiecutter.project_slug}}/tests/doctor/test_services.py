"""Faults of what lies outside, planted one by one."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.doctor import services

from .conftest import Look

LONG_AGO = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.fixture
def behind() -> Iterator[str]:
    """The address of a server whose clock stands still."""

    class Still(BaseHTTPRequestHandler):
        def date_time_string(self, _timestamp: float | None = None) -> str:
            return LONG_AGO

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Still) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def mlflow(uri: str) -> tuple[str, str]:
    """Settings of a project that tells MLflow."""
    return "train.tracker=mlflow", f"train.tracking_uri={uri}"


def with_source(shop: Contract, source: dict[str, Any]) -> Contract:
    """The shop with another source of its orders."""
    return Contract.model_validate(json.loads(shop.text) | {"sources": {"orders": source}})


def test_an_mlflow_that_does_not_answer_is_told(look: Look) -> None:
    (found,) = look(services.tracker, *mlflow("http://127.0.0.1:1"))
    assert found.level == "warning"  # what it misses is told later
    assert "MLflow at http://127.0.0.1:1 does not answer" in found.what
    assert "export MLFLOW_TRACKING_URI=sqlite:///mlflow.db" in found.fix


def test_a_clock_that_differs_from_mlflows_is_told(look: Look, behind: str) -> None:
    (found,) = look(services.tracker, *mlflow(behind))
    assert found.check == "clock"
    assert found.what.endswith("s apart")
    assert found.fix == "sudo timedatectl set-ntp true"


def test_a_damaged_database_of_mlflow_is_told(look: Look, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_bytes(b"this is no database" * 100)
    (found,) = look(services.tracker, *mlflow(f"sqlite:///{path}"))
    assert found.level == "fault"
    assert "cannot be read" in found.what
    assert found.fix.startswith(f"mv '{path}'")


def test_a_database_of_mlflow_that_is_whole_is_fine(look: Look, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute("create table runs (run_uuid)")
    (found,) = look(services.tracker, *mlflow(f"sqlite:///{tmp_path / 'mlflow.db'}"))
    assert found.level == "fine"


def test_weights_and_biases_without_a_login_is_told(  # part: wandb
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (found,) = look(services.tracker, "train.tracker=wandb")
    assert (found.level, found.fix) == ("warning", "wandb login")


def test_a_source_without_its_file_is_told(look: Look, shop: Contract, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    contract = with_source(shop, {"csv": str(file)})
    (found,) = look(services.sources, contract=contract)
    assert (found.level, found.fix.startswith(f"cp YOUR_FILE '{file}'")) == ("fault", True)
    file.touch()
    assert [f.level for f in look(services.sources, contract=contract)] == ["fine"]


def test_a_file_that_will_be_brought_is_fine(look: Look, shop: Contract) -> None:
    contract = with_source(shop, {"csv": "data/raw/orders-*.csv"})
    (found,) = look(services.sources, "data.fetch=example", contract=contract)
    assert found.level == "fine"
    assert found.what.endswith("will be brought by data.example")


def test_a_database_without_its_address_is_told(look: Look, shop: Contract) -> None:
    contract = with_source(shop, {"sql": "SHOP_DATABASE_URL", "table": "orders"})
    (found,) = look(services.databases, contract=contract)
    assert "SHOP_DATABASE_URL is not set" in found.what
    assert found.fix.startswith("export SHOP_DATABASE_URL=")


def test_a_database_that_does_not_answer_is_told(
    look: Look, shop: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.db"
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{path}")
    contract = with_source(shop, {"sql": "SHOP_DATABASE_URL", "table": "orders"})
    (found,) = look(services.databases, contract=contract)
    assert (found.level, "shop.db" in found.what) == ("fault", True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table orders (id)")
    assert [f.level for f in look(services.databases, contract=contract)] == ["fine"]


@pytest.mark.parametrize(
    "sink",
    [
        "{kind: webhook, url_from: OUR_SECRET}",
        "{kind: email, host: h, user: u, password_from: OUR_SECRET, sender: a@b.example, to: [c@d.example]}",
    ],
)
def test_a_sink_whose_secret_is_not_set_is_told(
    look: Look, sink: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = look(services.sinks, f"monitor.sinks.ours={sink}", *usual())
    assert found.what.startswith("ours: the variable OUR_SECRET is not set")
    assert found.fix == "export OUR_SECRET=…"
    monkeypatch.setenv("OUR_SECRET", "https://example.org/hook")
    assert look(services.sinks, f"monitor.sinks.ours={sink}", *usual()) == []


def usual() -> tuple[str, ...]:
    """The sinks that are there unless others are."""
    return "monitor.sinks.log={kind: log}", "monitor.sinks.file={kind: file}"


def test_a_gpu_that_is_not_there_is_told(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (found,) = look(services.gpu, "train.device=cuda")
    assert found.level == "fault"
    assert "train.device is 'cuda'" in found.what
    assert found.fix.startswith("rm -rf .venv && UV_TORCH_BACKEND=auto make setup")
    assert look(services.gpu, "train.device=auto") == []
