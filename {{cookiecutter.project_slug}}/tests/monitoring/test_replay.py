from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import current
from {{ cookiecutter.__package }}.errors import ServerUnreachableError
from {{ cookiecutter.__package }}.monitoring.replay import run

from ..conftest import Workspace, shop_of
from ..serving.live import live, records
from ..synthesized import synthesize
from .conftest import make_place
from .reading import served_in


def play(folder: Path, contract: Contract) -> tuple[Workspace, list[dict[str, Any]]]:
    """Play test rows that do not lie in the order of their time; they come back as they lie."""
    place = make_place(folder, contract)
    path = current(place.config.data.directory).path / "test.parquet"
    table = pq.read_table(path).sort_by("price")
    pq.write_table(table, path)
    with live(place.config.serve) as client:
        assert run(place.config, str(client.base_url), rows=690) == 690
    return place, table.to_pylist()


def test_rows_are_sent_in_the_order_of_their_time_and_then_their_labels(
    tmp_path: Path, shop: Contract
) -> None:
    place, rows = play(tmp_path, shop)
    rows = sorted(rows, key=lambda row: row["at"])[:690]
    sent = [record["columns"]["order"] for record in records(place.config.serve.log)]
    assert sent == [row["order"] for row in rows]
    expected = [(row["order"], row["returned"]) for row in rows]
    labels = records(place.config.serve.log, "labels")
    assert [(record["id"], record["label"]) for record in labels] == expected


def test_rows_without_a_time_or_an_id_are_sent_as_they_lie_with_their_labels(
    tmp_path: Path,
) -> None:
    contract = shop_of("binary", id=None, time=None)
    place, rows = play(tmp_path, contract)
    labels = served_in(place.config.serve.log, contract, 1).labels
    assert labels.tolist() == [float(row["returned"]) for row in rows[:690]]


def test_a_refused_row_and_a_server_that_is_not_there_are_errors(
    tmp_path: Path, shop: Contract
) -> None:
    content = shop.model_dump()
    content["columns"]["price"]["maximum"] = 5
    strict = make_place(tmp_path, Contract.model_validate(content))
    path = current(strict.config.data.directory).path / "test.parquet"
    pq.write_table(synthesize(shop, 10), path)
    with pytest.raises(ServerUnreachableError, match="make serve"):
        run(strict.config, "http://127.0.0.1:9")
    refused = pytest.raises(ServerUnreachableError, match=r"422.*price")
    with live(strict.config.serve) as client, refused:
        run(strict.config, str(client.base_url))
