"""What a server reads: verified bytes, no pickles, and no file that a request names."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_bundle, verify

from ..conftest import PACKAGE
from .audited import Audited, audited
from .live import add_version

PICKLING = {"pickle", "_pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "torch"}
LEADING_OUT = [
    "/page/{}",
    "/docs/files/{}",
    "/docs/ui/{}",
    "/{}",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Iterator[Audited]:
    with audited(tmp_path_factory.mktemp("audited"), shop) as found:
        yield found


def test_no_module_that_serving_imports_can_unpickle() -> None:
    graph = grimp.build_graph(PACKAGE, include_external_packages=True)
    ours = {f"{PACKAGE}.serving.app", f"{PACKAGE}.serving.server"}
    reached = ours.union(*(graph.find_upstream_modules(name) for name in ours))
    assert {"numpy", "onnxruntime"} <= reached, "the walk sees what is imported"
    assert reached & PICKLING == set()


def test_a_prediction_is_answered_without_unpickling_anything(
    server: Audited, row: dict[str, Any]
) -> None:
    for path, body in (
        ("/predict", {"rows": [row]}),
        ("/predict/columns", {"columns": {name: [value] for name, value in row.items()}}),
        ("/feedback", {"labels": [{"id": "o-1", "label": True}]}),
    ):
        assert server.client.post(path, json=body).status_code == 200, path
    assert server.process.poll() is None


@pytest.mark.parametrize("path", LEADING_OUT)
def test_no_name_in_a_path_leads_to_a_file(server: Audited, path: str) -> None:
    server.refuses_hostile_names(path)


@pytest.mark.parametrize("line", [b"GET /model\x00 HTTP/1.1", b"GET /page/\x00 HTTP/1.1"])
def test_a_path_with_a_nul_is_no_request(server: Audited, line: bytes) -> None:
    host, port = str(server.client.base_url.host), server.client.base_url.port
    with socket.create_connection((host, port or 80), timeout=60) as connection:
        connection.sendall(line + b"\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")


def test_what_was_verified_is_what_is_used(
    tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is opened once: whoever swaps one after it was compared changes nothing."""
    version = add_version(tmp_path, shop)
    path = tmp_path / shop.name / version.bundle
    read: list[str] = []
    read_bytes = Path.read_bytes

    def noted(self: Path) -> bytes:
        read.append(self.name)
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", noted)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read beside verify"))
    open_bundle(path)
    assert sorted(read) == sorted(found.name for found in path.iterdir())
    assert verify(path)["model.onnx"] == read_bytes(path / "model.onnx")
