from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.atomic import point
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.errors import (
    DataError,
    ServerUnreachableError,
)
from {{ cookiecutter.__package }}.monitoring.replay import run

from ..serving.live import live, records
from .conftest import Place, make_place

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


def write_test_rows(place: Place, contract: Contract) -> None:
    """Test rows that do not lie in the order of their time."""
    path = place.config.data.directory / "datasets" / "made"
    path.mkdir(parents=True, exist_ok=True)
    table = synthesize(contract, 700, days=10)
    pq.write_table(table.sort_by("price"), path / "test.parquet")
    (path / "contract.json").write_text(contract.text)
    point(path.parent / "current", "made")


def test_every_row_is_sent_once_in_the_order_of_its_time(
    place: Place, server: httpx.Client
) -> None:
    sent = [record["columns"] for record in records(place.config.serve.log)]
    table = pq.read_table(place.config.data.directory / "datasets" / "made" / "test.parquet")
    assert {columns["order"] for columns in sent} == set(table["order"].to_pylist())
    times = [datetime.fromisoformat(columns["at"]) for columns in sent]
    assert len(times) == len(table)
    assert times == sorted(times)


def test_a_label_is_sent_once_it_would_be_known_and_not_before(
    place: Place, server: httpx.Client
) -> None:
    rows = pq.read_table(
        place.config.data.directory / "datasets" / "made" / "test.parquet"
    ).to_pylist()
    known = {row["order"]: row["returned"] for row in rows}
    at = {row["order"]: row["at"] for row in rows}
    labels = records(place.config.serve.log, "labels")
    assert {record["id"]: record["label"] for record in labels}.items() <= known.items()
    assert len({record["id"] for record in labels}) == len(labels)
    end = max(at.values())
    assert {r["id"] for r in labels} == {order for order, t in at.items() if t + DELAY <= end}
    sent = {
        record["columns"]["order"]: datetime.fromisoformat(record["time"])
        for record in records(place.config.serve.log)
    }
    for record in labels:
        told, due = datetime.fromisoformat(record["time"]), at[record["id"]] + DELAY
        assert max(at[order] for order, moment in sent.items() if moment < told) >= due


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
    with live(strict.config.serve) as client, pytest.raises(DataError, match=r"422.*price"):
        run(place.config, str(client.base_url))


@pytest.mark.parametrize("absent", ["id", "time"])
def test_what_has_no_time_or_no_id_cannot_be_played(
    tmp_path: Path, shop: Contract, absent: str
) -> None:
    place = make_place(tmp_path, shop)
    write_test_rows(place, Contract.model_validate({**shop.model_dump(), absent: None}))
    with pytest.raises(DataError, match="needs 'time' and 'id'"):
        run(place.config, "http://127.0.0.1:9")


def test_a_server_that_is_not_there_is_told_with_how_to_start_one(place: Place) -> None:
    with pytest.raises(ServerUnreachableError, match="make serve"):
        run(place.config, "http://127.0.0.1:9")
