"""The client and the project's own server; and the client without the project."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }} import client as room
from {{ cookiecutter.__package }} import errors
from {{ cookiecutter.__package }}.client import (
    Client,
    LabelOfRow,
    Ready,
)
from {{ cookiecutter.__package }}.config import ServeConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    ConfigError,
    RequestRefusedError,
    ServerFailedError,
)
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..conftest import TASKS, shop_of
from ..monitoring.reading import served_in
from ..serving.conftest import serve_config
from ..serving.live import add_version, live, records
from ..synthesized import synthesize
from .faulty import faulty, forwards

ALONE = """
import sys
from theirs.client import Client
from theirs.errors import ServerUnreachableError
try:
    Client("http://127.0.0.1:9", retries=0).live()
except ServerUnreachableError as error:
    print(error.exit_code, *{name.partition(".")[0] for name in sys.modules})
"""


@pytest.fixture
def config(tmp_path: Path) -> ServeConfig:
    """A server with small limits, of no model yet."""
    return serve_config(tmp_path, max_rows=50, max_body_bytes=20_000)


def rows_of(contract: Contract, n_rows: int) -> list[dict[str, Any]]:
    """Rows with times and nulls, as they come from a table."""
    return list(synthesize(contract, n_rows).select(contract.request).to_pylist())


def test_every_task_is_answered_and_logged_as_it_was_sent(
    config: ServeConfig, any_shop: Contract
) -> None:
    add_version(config.bundles, any_shop)
    rows = rows_of(any_shop, 50)
    with live(config) as server, Client(str(server.base_url)) as client:
        answer = client.predict(rows)
        assert client.ready() == Ready(ready=True, version=1, problem=None)
        assert client.live()
        model = client.model()
    assert (answer.model, answer.version) == (model.name, model.version) == ("shop", 1)
    task, logged = task_of(any_shop, 0.5), records(config.log)
    outputs = np.array([record[task.output] for record in logged], np.float32)
    certainty = task.certainty(outputs)
    if certainty is None:
        assert [vars(p) for p in answer.predictions] == [{"value": v} for v in outputs.tolist()]
    else:
        shown = [(p.probability, p.decision) for p in answer.predictions]  # type: ignore[union-attr]
        assert [decision for _, decision in shown] == task.decisions(outputs).tolist()
        assert [p for p, _ in shown] == pytest.approx(certainty.tolist(), rel=1e-6)
    assert {record["request_id"] for record in logged} == {answer.request_id}
    sent = [(row["order"], row["at"].isoformat().replace("+00:00", "Z")) for row in rows]
    assert [(r["columns"]["order"], r["columns"]["at"]) for r in logged] == sent


def test_probabilities_of_a_number_are_refused(config: ServeConfig) -> None:
    contract = shop_of("regression")
    add_version(config.bundles, contract)
    with live(config) as server, Client(str(server.base_url)) as client:
        with pytest.raises(RequestRefusedError, match="422") as caught:
            client.predict(rows_of(contract, 1), probabilities=True)
        faults = {(fault.field, fault.rule) for fault in caught.value.faults}
        assert ("probabilities", "extra_forbidden") in faults


@pytest.mark.parametrize(
    ("rows", "status", "fault"),
    [
        ([{"price": 1001.0}], 422, ("rows.0.price", "less_than_equal")),
        ([{}, {"price": float("inf")}], 422, ("rows.1.price", "finite_number")),
        ([{"price": float("nan")}], 422, ("rows.0.price", "float_type")),
        ([{}] * 51, 422, ("rows", "too_long")),
        ([{"city": "x" * 30_000}], 413, None),
    ],
)
def test_a_refusal_names_field_and_rule(
    config: ServeConfig,
    shop: Contract,
    rows: list[dict[str, Any]],
    status: int,
    fault: tuple[str, str] | None,
) -> None:
    add_version(config.bundles, shop)
    good = {**rows_of(shop, 1)[0], "price": 5.0}
    with (
        live(config) as server,
        Client(str(server.base_url)) as client,
        pytest.raises(RequestRefusedError) as caught,
    ):
        client.predict([{**good, **row} for row in rows])
    assert caught.value.status == status
    assert {(f.field, f.rule) for f in caught.value.faults} == ({fault} if fault else set())
    assert records(config.log) == []


def test_before_the_first_model_the_client_says_what_the_server_says(
    config: ServeConfig, shop: Contract
) -> None:
    with live(config) as server, Client(str(server.base_url), retries=1, backoff_s=0.01) as client:
        ready = client.ready()
        assert (ready.ready, ready.version) == (False, None)
        assert "make train" in (ready.problem or "")
        with pytest.raises(ServerFailedError, match=r"2 times.*503 not_ready.*make train"):
            client.predict(rows_of(shop, 1))


def test_a_call_may_begin_before_the_model_does(config: ServeConfig, shop: Contract) -> None:
    with (
        live(config) as server,
        Client(str(server.base_url), retries=1000, backoff_s=0.01) as client,
        ThreadPoolExecutor() as other,
    ):
        answer = other.submit(client.predict, rows_of(shop, 2))
        add_version(config.bundles, shop)
        assert len(answer.result().predictions) == 2


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("key", ["order", None], ids=["id", "no id"])
def test_rows_whose_answer_was_lost_are_answered_twice_and_count_once(
    config: ServeConfig, task: str, key: str | None
) -> None:
    contract = shop_of(task, id=key)
    add_version(config.bundles, contract)
    table = synthesize(contract, 20)
    outcomes = table[contract.target].to_pylist()
    with (
        live(config) as server,
        faulty(forwards(server.base_url, loses=True), forwards(server.base_url)) as between,
        Client(between.url, backoff_s=0.01) as client,
    ):
        answer = client.predict(table.select(contract.request).to_pylist())
        labels: list[LabelOfRow] = [
            {"request_id": answer.request_id, "row": row, "label": label}
            for row, label in enumerate(outcomes)
        ]
        if key is None:
            assert client.feedback(labels).accepted == 20
    assert len(records(config.log)) == 40
    served = served_in(config.log, contract, 1)
    assert len(served) == 20
    if key is None:
        order = np.argsort(table["at"].to_numpy(), kind="stable")
        assert served.labels.tolist() == task_of(contract).encode(outcomes)[order].tolist()


def test_threads_may_share_a_client(config: ServeConfig, shop: Contract) -> None:
    add_version(config.bundles, shop)
    rows = rows_of(shop, 40)
    with live(config) as server, Client(str(server.base_url)) as client:
        with ThreadPoolExecutor(8) as callers:
            answers = list(callers.map(lambda row: client.predict([row]), rows))
        together = client.predict(rows)
    assert [answer.predictions[0] for answer in answers] == list(together.predictions)
    assert len({answer.request_id for answer in answers}) == 40


@pytest.mark.parametrize(
    "url", ["localhost:8000", "", "ftp://host", "http://", "http://host:port", "//host"]
)
def test_what_is_no_address_is_told_with_one_that_is(url: str) -> None:
    with pytest.raises(ConfigError, match=f"'{url}' is no server's address.*http://host:8000"):
        Client(url)


def alone(folder: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Run code beside a copy of the client in another team's package."""
    (folder / "theirs").mkdir()
    (folder / "theirs" / "__init__.py").touch()
    shutil.copytree(Path(room.__file__).parent, folder / "theirs" / "client")
    shutil.copy(errors.__file__, folder / "theirs")
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_copy_of_it_and_of_the_errors_runs_in_another_package(tmp_path: Path) -> None:
    ran = alone(tmp_path, ALONE)
    code, *modules = ran.stdout.split()
    assert code == "7", ran.stderr
    assert {"httpx", "theirs"} <= set(modules)
    project = room.__name__.partition(".")[0]
    assert set(modules) & {project, "numpy", "pydantic", "yaml", "fastapi", "onnxruntime"} == set()


def test_without_httpx_the_extra_that_brings_it_is_named(tmp_path: Path) -> None:
    ran = alone(tmp_path, "import sys; sys.modules['httpx'] = None; import theirs.client")
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].endswith(
        "MissingExtraError: httpx is not installed; install it with: pip install '.[client]'"
    )
