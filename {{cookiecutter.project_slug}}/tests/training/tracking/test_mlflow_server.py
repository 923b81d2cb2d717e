"""A real MLflow server, also one with PostgreSQL behind it: killed, returned, and serving a model."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
import sqlalchemy as sa

from {{ cookiecutter.__package }}.demo import free_port
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.training import conclude as ending
from {{ cookiecutter.__package }}.training import job
from {{ cookiecutter.__package }}.training.registry.promotion import (
    promote,
    repair,
    rollback,
)
from {{ cookiecutter.__package }}.training.tracking.mlflow import (
    MlflowTracker,
)

from ...conftest import Workspace, make_workspace
from ..conftest import outbox_of
from .test_mlflow import client_of, frame

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
READY_S = 120.0


@contextmanager
def running(folder: Path, *arguments: str, path: str = "/health") -> Iterator[tuple[str, Any]]:
    """An MLflow command that listens, its address and its process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-m",
        "mlflow",
        *arguments,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with (folder / f"mlflow-{port}.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait(process, url + path, folder / f"mlflow-{port}.log")
            yield url, process
        finally:
            stop(process)


def wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    raise AssertionError(log.read_text())


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End it and the workers that it started."""
    if process.poll() is None:
        os.killpg(process.pid, 9)
    process.wait()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the server keeps what it is told."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/server.db"
        return
    if "TEST_POSTGRESQL_URL" not in os.environ:
        pytest.skip("set TEST_POSTGRESQL_URL to the URL of a server that takes new databases")
    url = sa.make_url(os.environ["TEST_POSTGRESQL_URL"]).set(drivername="postgresql+psycopg")
    name = f"mlflow_{uuid4().hex[:12]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"drop database {name} with (force)"))
    engine.dispose()


@pytest.fixture
def place(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A workspace of its own, not yet trained."""
    return make_workspace(tmp_path / "place", workspace.contract, train=False)


def server(folder: Path, database: str) -> Any:
    place = ["--backend-store-uri", database, "--artifacts-destination", str(folder / "files")]
    return running(folder, "server", *place, "--workers", "1")


def test_a_server_killed_in_the_middle_of_a_training_misses_nothing_in_the_end(
    place: Workspace, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed once before and once between what a training tells it."""
    address: list[str] = []
    monkeypatch.setattr(
        ending, "tracker_of", lambda *_: MlflowTracker(address[0], tmp_path, place.contract.name)
    )
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    versions = place.versions
    with server(tmp_path, database) as (url, process):
        address.append(url)
        with monkeypatch.context() as patch:
            patch.setattr(MlflowTracker, "_log_model", killing(process, MlflowTracker._log_model))
            job.run(place.config)
    served = versions.served()
    assert served is not None, "the training ended as if nothing had happened"
    promote(outbox_of(versions, MlflowTracker(url, tmp_path, versions.name)), "1", "still down")

    with server(tmp_path, database) as (url, _):
        repair(outbox_of(versions, MlflowTracker(url, tmp_path, versions.name)))
        client = client_of(url)
        experiment = client.get_experiment_by_name(versions.name)
        (run,) = client.search_runs([experiment.experiment_id])
        assert run.info.status == "FINISHED"
        assert run.data.metrics.keys() >= {"train_loss", "validation_loss"}
        history = client.get_metric_history(run.info.run_id, "train_loss")
        assert [point.step for point in history] == [1, 2, 3, 4]
        champion = client.get_model_version_by_alias(versions.name, "champion")
        assert champion.tags["bundle"] == served.bundle
        files = {file.path for file in client.list_artifacts(run.info.run_id, "bundle")}
        assert "bundle/model.onnx" in files


def killing(process: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def killed(*arguments: Any) -> Any:
        stop(process)
        return call(*arguments)

    return killed


def test_what_mlflow_serves_answers_the_bundles_numbers(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions, uri = workspace.versions, f"sqlite:///{tmp_path}/mlflow.db"
    copied = type(versions)(tmp_path / "bundles", versions.name)
    shutil.copytree(versions.folder, copied.folder)
    repair(outbox_of(copied, MlflowTracker(uri, tmp_path / "artifacts", versions.name)))
    bundle, contract = workspace.bundle, workspace.contract
    rows = (
        __import__("pyarrow.parquet")
        .parquet.read_table(workspace.path / "data/datasets/synthetic/test.parquet")
        .slice(0, 200)
    )
    inputs = from_table(contract, rows)
    table = frame(contract, inputs)
    split = json.loads(table.to_json(orient="split", double_precision=15))
    arguments = ["-m", f"models:/{versions.name}@champion", "--env-manager", "local"]
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, uri)
    scripts = Path(sys.executable).parent  # MLflow calls uvicorn by its name
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    with running(tmp_path, "models", "serve", *arguments, path="/ping") as (url, _):
        answer = httpx.post(f"{url}/invocations", json={"dataframe_split": split}, timeout=60)
    assert answer.status_code == 200, answer.text
    found = np.array([[*row.values()] for row in answer.json()["predictions"]], np.float32)
    expected = bundle.predict(inputs).reshape(len(inputs), -1)
    assert np.abs(found - expected).max() <= 1e-6 * (1 + np.abs(expected).max())


def test_rollback_does_not_wait_for_a_server_that_is_gone(place: Workspace, tmp_path: Path) -> None:
    first = job.run(place.config)
    gone = MlflowTracker(f"http://127.0.0.1:{free_port()}", tmp_path, place.contract.name)
    versions = place.versions
    second = versions.register(first.bundle, [], passed=True)
    outbox = outbox_of(versions, gone)
    promote(outbox, str(second.number))
    begun = time.monotonic()
    assert rollback(outbox, None).number == first.number
    assert time.monotonic() - begun < 30
    assert versions.served() == first
