"""The stages after ETL, each as the command that a person types, on synthesised rows."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.arrow import from_table

from ..conftest import PACKAGE, Workspace, make_workspace

HEAVY = {"torch", "mlflow", "pandas", "sklearn", "scipy", "ibis", "duckdb", "pyarrow", "evidently"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("path"), contract, train=False)


@pytest.fixture(scope="module")
def url(place: Workspace) -> Iterator[str]:
    """A trained model behind a real server."""
    trained = place.run("train")
    assert trained.returncode == 0, trained.stderr
    log = place.path / "imports.log"
    serve = [sys.executable, "-X", "importtime", "-m", PACKAGE, "serve"]
    with (
        log.open("w") as imports,
        subprocess.Popen(
            serve, cwd=place.path, stdout=subprocess.PIPE, stderr=imports, text=True
        ) as process,
    ):
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address, log.read_text()
        wait_until_ready(address.group())
        yield address.group()
        process.terminate()
        assert process.wait(timeout=20) == 0


def wait_until_ready(url: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} was not ready within 20 s")


def test_the_server_imports_no_heavy_library(place: Workspace, url: str) -> None:
    lines = (place.path / "imports.log").read_text().splitlines()
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines if "|" in line}
    assert "onnxruntime" in imported
    assert imported & HEAVY == set()


def test_online_and_batch_answers_are_the_bundles_own(place: Workspace, url: str) -> None:
    rows = pq.read_table(place.path / "data/datasets/synthetic/test.parquet")
    expected = place.bundle.predict(from_table(place.contract, rows))
    scored = place.run("score", "--output", "scored.parquet")
    assert scored.returncode == 0, scored.stderr
    batch = pq.read_table(place.path / "scored.parquet")["probability"].to_numpy()
    example = httpx.get(f"{url}/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    body = example["content"]["application/json"]["example"]
    online = httpx.post(f"{url}/predict", json=body)
    assert online.status_code == 200
    assert batch == pytest.approx(expected, abs=1e-7)


def test_replayed_traffic_is_monitored_with_its_labels(place: Workspace, url: str) -> None:
    if place.contract.time is None or place.contract.id is None:
        pytest.skip("replay needs a time and an id in the contract")
    replayed = place.run("replay", "--url", url)
    assert replayed.returncode == 0, replayed.stderr
    monitored = place.run("monitor")
    assert monitored.returncode == 0, monitored.stderr
    folder = place.path / "reports" / place.contract.name
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["quality"]
    assert summary["quality"][-1]["auc"] > 0.6
    assert {finding["column"] for finding in summary["drift"]} >= {"score"}
    assert list(folder.glob("drift-*.html"))


def test_a_missing_server_is_told_with_what_to_do(place: Workspace, tmp_path: Path) -> None:
    replayed = place.run("replay", "--url", "http://127.0.0.1:9")
    assert replayed.returncode == 7
    assert "make serve" in replayed.stderr
