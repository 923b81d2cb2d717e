from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    ServerUnreachableError,
)
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.monitoring.replay import run
from {{ cookiecutter.__package }}.storage import write_pointer

from ..conftest import TASKS, shop_of
from ..serving.live import live, records
from ..synthesized import synthesize
from .conftest import Place, make_place
from .reading import served_in

DELAY = timedelta(days=2)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Place:
    folder = tmp_path_factory.mktemp("replay")
    made = make_place(folder, shop, label_delay_days=DELAY.days)
    write_test_rows(made, shop)
    return made


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[httpx.Client]:
    with live(place.config.serve) as client:
        run(place.config, str(client.base_url))
        yield client


def write_test_rows(place: Place, contract: Contract, n_rows: int = 700) -> None:
    """Test rows that do not lie in the order of their time."""
    path = place.config.data.directory / "datasets" / "made"
    path.mkdir(parents=True, exist_ok=True)
    table = synthesize(contract, n_rows, days=10)
    pq.write_table(table.sort_by("price"), path / "test.parquet")
    (path / "contract.json").write_text(contract.text)
    write_pointer(path.parent / "current", "made")


def test_every_row_is_sent_once_in_the_order_of_its_time(
    place: Place, server: httpx.Client
) -> None:
    sent = [record["columns"] for record in records(place.config.serve.log)]
    table = pq.read_table(place.config.data.directory / "datasets" / "made" / "test.parquet")
    assert {columns["order"] for columns in sent} == set(table["order"].to_pylist())
    times = [datetime.fromisoformat(columns["at"]) for columns in sent]
    assert len(times) == len(table)
    assert times == sorted(times)


def test_a_label_is_sent_once_where_it_is_known_by_the_time_of_the_last_row(
    place: Place, server: httpx.Client
) -> None:
    path = place.config.data.directory / "datasets" / "made" / "test.parquet"
    rows = {row["order"]: row for row in pq.read_table(path).to_pylist()}
    due = max(row["at"] for row in rows.values()) - DELAY
    labels = records(place.config.serve.log, "labels")
    assert sorted((record["id"], record["label"]) for record in labels) == sorted(
        (order, row["returned"]) for order, row in rows.items() if row["at"] <= due
    )


def test_fewer_rows_may_be_played(place: Place, server: httpx.Client) -> None:
    before = len(records(place.config.serve.log))
    assert run(place.config, str(server.base_url), rows=30) == 30
    assert len(records(place.config.serve.log)) == before + 30


def test_a_refused_row_is_told_with_the_servers_reason(
    tmp_path: Path, place: Place, shop: Contract
) -> None:
    content = shop.model_dump()
    content["columns"]["price"]["maximum"] = 5
    strict = make_place(tmp_path, Contract.model_validate(content))
    refused = pytest.raises(ServerUnreachableError, match=r"422.*price")
    with live(strict.config.serve) as client, refused:
        run(place.config, str(client.base_url))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("key", "time"), [(None, "at"), ("order", None), (None, None)], ids=["no id", "no time", "none"]
)
def test_rows_without_a_time_or_an_id_are_played_with_their_labels(
    tmp_path: Path, task: str, key: str | None, time: str | None
) -> None:
    contract = shop_of(task, id=key, time=time)
    place = make_place(tmp_path, contract, label_delay_days=DELAY.days)
    write_test_rows(place, contract, n_rows=450)
    table = pq.read_table(place.config.data.directory / "datasets" / "made" / "test.parquet")
    with live(place.config.serve) as client:
        assert run(place.config, str(client.base_url)) == 450
    served = served_in(place.config.serve.log, contract, 1)
    expected = task_of(contract).encode(table["returned"].to_pylist())
    if time is None:
        at = [known(row, contract) for row in records(place.config.serve.log)]
        assert at == [known({"columns": row}, contract) for row in table.to_pylist()]
        assert served.labels.tolist() == expected.tolist()
    else:
        moments = np.array(table["at"].cast(pa.int64()).to_pylist()) // 10**6
        order = np.argsort(moments, kind="stable")
        due = moments[order] + DELAY.total_seconds() <= moments.max()
        assert np.isnan(served.labels).tolist() == (~due).tolist()
        assert served.labels[due].tolist() == expected[order][due].tolist()


def known(record: dict[str, Any], contract: Contract) -> tuple[Any, ...]:
    """What tells one row of the log from another."""
    names = [contract.id] if contract.id else ["price", "items"]
    return tuple(record["columns"][name] for name in names)


def test_a_server_that_is_not_there_is_told_with_how_to_start_one(place: Place) -> None:
    with pytest.raises(ServerUnreachableError, match="make serve"):
        run(place.config, "http://127.0.0.1:9")
