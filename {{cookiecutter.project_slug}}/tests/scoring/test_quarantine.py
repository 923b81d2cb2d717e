"""Rows that break a rule: which are rejected, and what is kept of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    DataError,
    TooManyRejectedError,
)

from ..conftest import shop_of
from ..serving.conftest import serve_config
from ..serving.live import add_version
from .conftest import HEAD, LINE, Place, rows_of


def test_each_rejected_row_is_in_quarantine_with_its_number_and_its_reasons(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        LINE,
        LINE.replace("12.5", "dear"),
        "\n",
        LINE.replace("12.5", "1001"),
        LINE.replace("o-1", '"o\n2"').replace("12.5,2,web", "-1,0,shop"),
        "o-3,2024-05-01T08:00:00Z,1\n",
        LINE.replace("o-1", ""),
    ]
    counts = place.run(place.write(*lines), max_rejected_fraction=1.0)
    assert (counts.rows_in, counts.scored, counts.rejected) == (6, 1, 5)
    three = "price: below minimum 0; items: below minimum 1; channel: not one of the allowed values"
    assert place.quarantine() == [
        ("rows.csv", 2, "price: not a float"),
        ("rows.csv", 3, "price: above maximum 1000"),
        ("rows.csv", 4, three),
        ("rows.csv", 5, "3 fields, and the header has 7"),
        ("rows.csv", 6, "order: missing"),
    ]
    assert "rows      in 6  scored 1  rejected 5: " in capsys.readouterr().out


def test_too_many_rejected_rows_give_no_output(place: Place) -> None:
    path = place.write(LINE, LINE.replace("12.5", "-1"), LINE.replace("12.5", "x"))
    with pytest.raises(
        TooManyRejectedError,
        match=r"2 of 3 rows were rejected, more than serve.max_rejected_fraction = 0.5",
    ):
        place.run(path)
    assert len(place.quarantine()) == 2
    assert "scored.parquet" not in place.left
    assert place.run(path, max_rejected_fraction=0.7).scored == 1


def changed(folder: Path, **columns: dict[str, Any]) -> Place:
    """A place whose contract says other things of columns."""
    values = shop_of("binary").model_dump()
    for name, rules in columns.items():
        values["columns"][name] |= rules
    config = serve_config(folder / "model", max_rejected_fraction=1.0)
    add_version(config.bundles, Contract.model_validate(values))
    return Place(folder=folder, config=config)


@pytest.mark.parametrize("value", ["dear", "-1"])
def test_a_column_whose_on_violation_is_fail_stops_everything(tmp_path: Path, value: str) -> None:
    place = changed(tmp_path, price={"on_violation": "fail"})
    path = place.write(LINE, LINE.replace("12.5", value), LINE)
    with pytest.raises(DataError, match=r"price: .*on_violation is fail .*record 2"):
        place.run(path)
    assert place.left == {"model", "rows.csv"}


def test_personal_values_are_masked_in_quarantine(place: Place) -> None:
    head, line = HEAD.rstrip() + ",name\n", LINE.rstrip() + ",Ada Lovelace\n"
    lines = (line, line.replace("12.5", "dear"), line.replace("web", "shop"))
    place.run(place.write(*lines, head=head), max_rejected_fraction=1.0)
    raw = pq.read_table(place.folder / "quarantine" / "scored.parquet")["_raw"].to_pylist()
    assert len(raw) == 2
    assert all("Ada" not in row and "Lyon" in row for row in raw)


def test_numbers_that_are_not_finite_are_missing_ones(place: Place, shop: Contract) -> None:
    gifts = pa.array([None, np.nan, np.inf, -np.inf], pa.float64())
    rows = rows_of(shop, 1)
    table = pa.concat_tables([rows] * 4)
    at = table.schema.get_field_index("price")
    pq.write_table(table.set_column(at, "price", gifts), place.folder / "rows.parquet")
    with pytest.raises(TooManyRejectedError):
        place.run(place.folder / "rows.parquet")
    reasons = {reason for _, _, reason in place.quarantine()}
    assert reasons == {"price: missing", "price: not a float"}
