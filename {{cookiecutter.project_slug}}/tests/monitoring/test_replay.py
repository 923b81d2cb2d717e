from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
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


def test_rows_are_sent_in_the_order_of_their_time_and_labels_known_by_the_last_one(
    place: Place, server: httpx.Client
) -> None:
    path = place.config.data.directory / "datasets" / "made" / "test.parquet"
    rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: row["at"])
    sent = [record["columns"]["order"] for record in records(place.config.serve.log)]
    assert sent == [row["order"] for row in rows]
    due = rows[-1]["at"] - DELAY
    expected = [(row["order"], row["returned"]) for row in rows if row["at"] <= due]
    labels = records(place.config.serve.log, "labels")
    assert [(record["id"], record["label"]) for record in labels] == expected


def test_fewer_rows_may_be_played(place: Place, server: httpx.Client) -> None:
    before = len(records(place.config.serve.log))
    assert run(place.config, str(server.base_url), rows=30) == 30
    assert len(records(place.config.serve.log)) == before + 30


def test_a_refused_row_and_a_server_that_is_not_there_are_errors(
    tmp_path: Path, place: Place, shop: Contract
) -> None:
    with pytest.raises(ServerUnreachableError, match="make serve"):
        run(place.config, "http://127.0.0.1:9")
    content = shop.model_dump()
    content["columns"]["price"]["maximum"] = 5
    strict = make_place(tmp_path, Contract.model_validate(content))
    refused = pytest.raises(ServerUnreachableError, match=r"422.*price")
    with live(strict.config.serve) as client, refused:
        run(place.config, str(client.base_url))


@pytest.mark.parametrize("task", TASKS)
def test_rows_without_a_time_or_an_id_are_played_with_their_labels(
    tmp_path: Path, task: str
) -> None:
    contract = shop_of(task, id=None, time=None)
    place = make_place(tmp_path, contract)
    write_test_rows(place, contract, n_rows=450)
    path = place.config.data.directory / "datasets" / "made" / "test.parquet"
    labels = pq.read_table(path)["returned"].to_pylist()
    with live(place.config.serve) as client:
        assert run(place.config, str(client.base_url)) == 450
    served = served_in(place.config.serve.log, contract, 1)
    assert served.labels.tolist() == task_of(contract).encode(labels).tolist()
