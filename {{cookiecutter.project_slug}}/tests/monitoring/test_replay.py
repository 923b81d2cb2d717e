from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    ServerUnreachableError,
)
from {{ cookiecutter.__package }}.monitoring.replay import run
from {{ cookiecutter.__package }}.storage import write_pointer

from ..conftest import shop_of
from ..serving.live import live, records
from ..synthesized import synthesize
from .conftest import Place, make_place
from .reading import served_in


def place_of(folder: Path, contract: Contract) -> Place:
    """A served model, and test rows that do not lie in the order of their time."""
    place = make_place(folder, contract)
    path = place.config.data.directory / "datasets" / "made"
    path.mkdir(parents=True)
    pq.write_table(synthesize(contract, 700, days=10).sort_by("price"), path / "test.parquet")
    (path / "contract.json").write_text(contract.text)
    write_pointer(path.parent / "current", "made")
    return place


def played(place: Place) -> list[dict[str, Any]]:
    """Play the test rows; they come back in their file's order."""
    with live(place.config.serve) as client:
        assert run(place.config, str(client.base_url), rows=690) == 690
    path = place.config.data.directory / "datasets" / "made" / "test.parquet"
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def test_rows_are_sent_in_the_order_of_their_time_and_then_their_labels(
    tmp_path: Path, shop: Contract
) -> None:
    place = place_of(tmp_path, shop)
    rows = sorted(played(place), key=lambda row: row["at"])[:690]
    sent = [record["columns"]["order"] for record in records(place.config.serve.log)]
    assert sent == [row["order"] for row in rows]
    expected = [(row["order"], row["returned"]) for row in rows]
    labels = records(place.config.serve.log, "labels")
    assert [(record["id"], record["label"]) for record in labels] == expected


def test_rows_without_a_time_or_an_id_are_sent_as_they_lie_with_their_labels(
    tmp_path: Path,
) -> None:
    contract = shop_of("binary", id=None, time=None)
    place = place_of(tmp_path, contract)
    rows = played(place)[:690]
    labels = served_in(place.config.serve.log, contract, 1).labels
    assert labels.tolist() == [float(row["returned"]) for row in rows]


def test_a_refused_row_and_a_server_that_is_not_there_are_errors(
    tmp_path: Path, shop: Contract
) -> None:
    content = shop.model_dump()
    content["columns"]["price"]["maximum"] = 5
    place = place_of(tmp_path, shop)
    with pytest.raises(ServerUnreachableError, match="make serve"):
        run(place.config, "http://127.0.0.1:9")
    strict = make_place(tmp_path / "strict", Contract.model_validate(content))
    refused = pytest.raises(ServerUnreachableError, match=r"422.*price")
    with live(strict.config.serve) as client, refused:
        run(place.config, str(client.base_url))
