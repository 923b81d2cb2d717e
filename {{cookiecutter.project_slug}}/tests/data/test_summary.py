"""What a dataset's columns hold: gaps and ends of all rows, the rest of a sample."""

import json
from typing import Any

import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import summary
from {{ cookiecutter.__package }}.data.summary import Summary
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.data.validate import conform

N_ROWS = 101


def rows_of(contract: Contract, **cells: list[Any]) -> pa.Table:
    """101 rows, in some columns with the values given; what is personal is not in them."""
    made = synthesize(contract, N_ROWS)
    for name, values in cells.items():
        place = made.column_names.index(name)
        made = made.set_column(place, name, pa.array(values, made.schema.field(name).type))
    public = [name for name, column in contract.columns.items() if not column.pii]
    return conform(made, contract).select(public)


def summarized(contract: Contract, rows: pa.Table, *cuts: int) -> dict[str, dict[str, Any]]:
    """The summary of rows that came in runs cut at these places."""
    found = Summary(contract, len(rows))
    for start, end in zip((0, *cuts), (*cuts, len(rows)), strict=True):
        found.update("train", rows.slice(start, end - start))
    return found.columns_summary()


def test_numbers_have_gaps_ends_and_quantiles(shop: Contract) -> None:
    prices = [float(number) for number in range(101)]
    refunds = [None] * 41 + [2.5] * 60
    found = summarized(shop, rows_of(shop, price=prices, refund=refunds))
    assert found["price"] == {
        "nulls": 0.0,
        "minimum": 0.0,
        "quantiles": [5.0, 25.0, 50.0, 75.0, 95.0],
        "maximum": 100.0,
    }
    assert found["refund"]["nulls"] == pytest.approx(41 / 101)
    assert found["refund"]["quantiles"] == [2.5] * 5


def test_whole_numbers_stay_whole(shop: Contract) -> None:
    found = summarized(shop, rows_of(shop, items=[2**60 + number for number in range(101)]))
    assert found["items"]["minimum"] == 2**60
    assert found["items"]["quantiles"][2] == 2**60 + 50


def test_times_are_written_in_utc(shop: Contract) -> None:
    found = summarized(shop, rows_of(shop))["at"]
    assert [found["minimum"], *found["quantiles"], found["maximum"]] == sorted(
        [found["minimum"], *found["quantiles"], found["maximum"]]
    )
    assert found["minimum"].startswith("2024-01-0")
    assert found["minimum"].endswith("Z")


def test_categories_and_booleans_have_their_most_frequent_values(shop: Contract) -> None:
    cities = [None] * 21 + ["Lyon"] * 40 + ["Caen"] * 20 + [f"town {i:02d}" for i in range(20)]
    gifts = [True] * 76 + [False] * 25
    found = summarized(shop, rows_of(shop, city=cities, gift=gifts))
    assert found["gift"] == {
        "nulls": 0.0,
        "distinct": 2,
        "top": {"True": 76 / 101, "False": 25 / 101},
    }
    assert found["city"]["nulls"] == pytest.approx(21 / 101)
    assert found["city"]["distinct"] == 22
    top = {"Lyon": 0.5, "Caen": 0.25} | {f"town {i:02d}": 1 / 80 for i in range(8)}
    assert found["city"]["top"] == top


def test_texts_have_gaps_alone_and_personal_values_nothing(shop: Contract) -> None:
    found = summarized(shop, rows_of(shop))
    assert found["order"] == {"nulls": 0.0}
    assert "name" not in found
    assert list(found) == [name for name in shop.columns if name != "name"]


@pytest.mark.parametrize("cuts", [(0,), (1,), (50, 50), (10, 20, 30, 99), (101,)], ids=str)
def test_a_summary_is_the_same_whatever_the_runs(
    shop: Contract, monkeypatch: pytest.MonkeyPatch, cuts: tuple[int, ...]
) -> None:
    monkeypatch.setattr(summary, "SAMPLE_ROWS", 30)
    rows = rows_of(shop)
    assert summarized(shop, rows, *cuts) == summarized(shop, rows)


def test_gaps_and_ends_are_of_all_rows_though_quantiles_are_of_a_sample(
    shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "SAMPLE_ROWS", 10)
    odd = [0.0 if number % 10 else 5.0 for number in range(101)]  # every tenth row is kept
    odd[7] = 900.0
    gaps = [None if number == 13 else 1.0 for number in range(101)]
    found = summarized(shop, rows_of(shop, price=odd, refund=gaps), 33)
    assert (found["price"]["minimum"], found["price"]["maximum"]) == (0.0, 900.0)
    assert found["price"]["quantiles"] == [5.0] * 5
    assert found["refund"]["nulls"] == pytest.approx(1 / 101)


def test_a_column_of_which_the_sample_has_no_value_says_how_many_are_missing(
    shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "SAMPLE_ROWS", 10)
    refunds = [3.0 if number == 7 else None for number in range(101)]
    found = summarized(shop, rows_of(shop, refund=refunds, city=[None] * 101))
    assert found["refund"] == {"nulls": 100 / 101}
    assert found["city"] == {"nulls": 1.0, "distinct": 0, "top": {}}


def test_a_sample_is_of_the_splits_that_are_asked(
    shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "SAMPLE_ROWS", 50)
    rows, found = rows_of(shop), Summary(shop, 101)
    for start in range(0, 101, 4):
        found.update(("train", "test")[start // 4 % 2], rows.slice(start, 4))
    train, both = found.sampled("train"), found.sampled("train", "test")
    assert train is not None
    assert both is not None
    assert (len(train), len(both)) == (26, 51)
    kept = rows["order"].to_pylist()[::2]
    assert sorted(both["order"].to_pylist()) == sorted(kept)
    assert found.sampled("validation") is None


def test_no_rows_have_no_shape(shop: Contract) -> None:
    found = Summary(shop, 0)
    found.update("train", rows_of(shop).slice(0, 0))
    assert found.columns_summary()["price"] == {"nulls": 0.0}
    assert found.sampled("train") is None


def test_a_summary_can_be_written_down(shop: Contract, contract: Contract) -> None:
    for one in (shop, contract):
        found = summarized(one, rows_of(one))
        assert json.loads(json.dumps(found, allow_nan=False)) == found
