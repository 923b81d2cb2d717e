"""Rows that break a rule are not scored, and each is found again with its reason."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    DataError,
    TooManyRejectedError,
)

from ...conftest import SHOP
from ..conftest import serve_config
from ..live import add_version
from .conftest import HEAD, LINE, Place, rows_of


def changed(folder: Path, **columns: dict[str, Any]) -> Place:
    """A place where a shop's model scores, some of whose columns have other rules."""
    values = yaml.safe_load(SHOP)
    for name, rules in columns.items():
        values["columns"][name] |= rules
    config = serve_config(folder / "model", max_rejected_fraction=1.0)
    add_version(config.bundles, Contract.model_validate(values))
    return Place(folder=folder, config=config)


def test_each_rejected_row_is_in_quarantine_with_its_number_and_its_reasons(place: Place) -> None:
    path = place.write(
        LINE,
        LINE.replace("12.5", "dear"),
        "\n",
        LINE.replace("12.5", "1001"),
        LINE.replace("o-1", '"o\n2"').replace("12.5,2,web", "-1,0,shop"),
        "o-3,2024-05-01T08:00:00Z,1\n",
        LINE.replace("o-1", "o-4"),
        LINE.replace("o-1", ""),
    )
    counts = place.run(path, max_rejected_fraction=1.0)
    assert (counts.rows_in, counts.scored, counts.rejected) == (7, 2, 5)
    assert place.read()["order"].to_pylist() == ["o-1", "o-4"]
    assert place.quarantine() == [
        ("rows.csv", 2, "price: not a float"),
        ("rows.csv", 3, "price: above maximum 1000"),
        (
            *("rows.csv", 4),
            "price: below minimum 0; items: below minimum 1;"
            " channel: not one of the allowed values",
        ),
        ("rows.csv", 5, "3 fields, and the header has 7"),
        ("rows.csv", 7, "order: missing"),
    ]
    raw = pq.read_table(place.folder / "quarantine" / "scored.parquet")["_raw"].to_pylist()
    assert raw[0] == "o-1,2024-05-01T08:00:00Z,dear,2,web,Lyon,true"
    assert json.loads(raw[1])["price"] == 1001


def test_rows_of_parquet_are_rejected_by_their_number(place: Place, shop: Contract) -> None:
    table = rows_of(shop, 300)
    prices = table["price"].to_pylist()
    for row, price in ((0, -1.0), (149, 2000.0), (299, None)):
        prices[row] = price
    at = table.schema.get_field_index("price")
    pq.write_table(table.set_column(at, "price", pa.array(prices)), place.folder / "rows.parquet")
    counts = place.run(place.folder / "rows.parquet")
    assert (counts.rows_in, counts.scored) == (300, 297)
    assert place.quarantine() == [
        ("rows.parquet", 1, "price: below minimum 0"),
        ("rows.parquet", 150, "price: above maximum 1000"),
        ("rows.parquet", 300, "price: missing"),
    ]


def test_what_was_rejected_is_told_with_its_main_reasons(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.run(place.write(LINE, LINE, LINE.replace("12.5", "-1")))
    told = capsys.readouterr().out
    assert "rows      in 3  scored 2  rejected 1: price: below minimum 0 1; see " in told
    place.run(place.write(LINE, LINE))
    assert not (place.folder / "quarantine" / "scored.parquet").exists()


def test_values_become_null_where_the_contract_says_so(tmp_path: Path) -> None:
    mended = {"nullable": True, "on_violation": "null"}
    place = changed(tmp_path, price=mended, city={"on_violation": {"type": "null"}})
    lines = [LINE.replace("12.5", price) for price in ("", "dear", "-1", "-1")]
    lines[3] = lines[3].replace("web", "shop")
    found = place.scored(place.write(*lines))
    assert len(found) == 3
    assert len(set(found["probability"].to_pylist())) == 1
    assert place.quarantine() == [
        ("rows.csv", 2, "price: not a float, made null"),
        ("rows.csv", 3, "price: below minimum 0, made null"),
        ("rows.csv", 4, "channel: not one of the allowed values"),
    ]


@pytest.mark.parametrize("value", ["dear", "-1"])
def test_a_rule_whose_mode_is_fail_stops_everything(tmp_path: Path, value: str) -> None:
    place = changed(tmp_path, price={"on_violation": "fail"})
    path = place.write(LINE, LINE.replace("12.5", value), LINE)
    with pytest.raises(DataError, match=r"price: .*on_violation is fail .*record 2"):
        place.run(path)
    assert place.left == {"model", "rows.csv"}


def test_too_many_rejected_rows_give_no_output_and_are_not_scored_again_for_a_larger_limit(
    place: Place,
) -> None:
    path = place.write(LINE, LINE.replace("12.5", "-1"), LINE.replace("12.5", "x"))
    with pytest.raises(
        TooManyRejectedError,
        match=r"2 of 3 rows were rejected, more than serve.max_rejected_fraction = 0.5",
    ):
        place.run(path)
    assert len(place.quarantine()) == 2
    assert "scored.parquet" not in place.left
    run = pq.read_metadata(place.folder / "quarantine" / "scored.parquet").metadata[b"run"]
    assert place.run(path, max_rejected_fraction=0.7).scored == 1
    assert pq.read_metadata(place.folder / "scored.parquet").metadata[b"run"] == run
    assert place.left == {"rows.csv", "quarantine", "scored.parquet"}


def test_personal_values_are_masked_in_quarantine(place: Place) -> None:
    head = HEAD.rstrip() + ",name\n"
    line = LINE.rstrip() + ",Ada Lovelace\n"
    place.run(
        place.write(line, line.replace("12.5", "dear"), line.replace("web", "shop"), head=head),
        max_rejected_fraction=1.0,
    )
    raw = pq.read_table(place.folder / "quarantine" / "scored.parquet")["_raw"].to_pylist()
    assert len(raw) == 2
    assert all("Ada" not in row and "Lyon" in row for row in raw)


def test_a_time_that_may_be_missing_may_be_missing(tmp_path: Path) -> None:
    place = changed(tmp_path, at={"nullable": True})
    assert len(place.scored(place.write(LINE, LINE.replace("2024-05-01T08:00:00Z", "")))) == 2
