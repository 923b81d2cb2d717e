"""What the owner's transform may do to rows, and how it learns what it may not."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.storage import read_pointer

from .conftest import Shop, changed

Transform = Callable[[dict[str, pl.LazyFrame]], Any]
NUMBER = pl.col("_source_row")


def of_orders(change: Callable[[pl.LazyFrame], Any]) -> Transform:
    return lambda sources: change(sources["orders"])


WRONG: dict[str, tuple[Transform, list[str]]] = {
    "loses": (of_orders(lambda rows: rows.drop("price")), ["no column 'price'"]),
    "repeats": (of_orders(lambda rows: pl.concat([rows, rows])), ["repeats 60", "invents 0"]),
    "invents": (of_orders(lambda rows: rows.with_columns(NUMBER + 1000)), ["invents 60"]),
    "mistypes": (
        of_orders(lambda rows: rows.with_columns(price="channel")),
        ["'price'", "not of its type float"],
    ),
    "halves": (
        of_orders(lambda rows: rows.with_columns(pl.col("items") / 2)),
        ["'items'", "not of its type integer"],
    ),
    "other source": (lambda sources: sources["flights"], ["sources (orders)", "'flights'"]),
    "no return": (lambda _: None, ["gives NoneType", "end its function with return"]),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_transform_is_refused_with_the_reason(
    place: Shop, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    before = place.run().name
    function, words = WRONG[how]
    monkeypatch.setattr(transform, "transform", function)
    place.write(changed(1, price="3"))
    with pytest.raises(DataError) as caught:
        place.run()
    assert [word for word in words if word not in str(caught.value)] == []
    assert "transform" in str(caught.value)
    assert read_pointer(place.datasets / "current") == before
    assert {path.name for path in place.datasets.iterdir()} == {before, "current"}


def test_rows_that_a_transform_filters_are_counted_and_those_it_reorders_put_in_order(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap = of_orders(lambda rows: rows.filter(pl.col("items") < 3))
    shuffled = of_orders(lambda rows: cheap({"orders": rows}).sort("price", descending=True))
    monkeypatch.setattr(transform, "transform", cheap)
    expected = place.run().manifest["content_hash"]
    (place.folder / "data" / "runs").rename(place.folder / "other")
    monkeypatch.setattr(transform, "transform", shuffled)
    manifest = place.run().manifest
    assert manifest["content_hash"] == expected
    rows = manifest["rows"]
    assert (rows["driving"], rows["kept"], rows["filtered"]) == (60, 40, 20)


def test_numbers_that_a_transform_makes_infinite_are_missing(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = pl.col("items").replace_strict([1, 2, 3], [1.0, float("inf"), float("nan")])
    odd = of_orders(lambda rows: rows.with_columns(refund=refund))
    monkeypatch.setattr(transform, "transform", odd)
    assert {row["items"]: row["refund"] for row in place.rows()} == {1: 1.0, 2: None, 3: None}


def test_a_second_source_is_joined_and_counted(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cities = place.folder / "cities.csv"
    cities.write_text("id,city\no-0,Nice\no-1,Brest\no-1,Brest\n")

    def joined(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
        rows, towns = sources["orders"].drop("city"), sources["towns"]
        return rows.join(towns, how="left", left_on="order", right_on="id", maintain_order="left")

    monkeypatch.setattr(transform, "transform", joined)
    raw = json.loads(place.contract.text)
    raw["sources"]["towns"] = {"csv": str(cities), "columns": {"id": "string", "city": "category"}}
    there = replace(place, contract=Contract.model_validate(raw))
    assert [row["city"] for row in there.rows()][:3] == ["Nice", "Brest", None]
    counts = {"in": 3, "accepted": 2, "rejected": 0, "duplicates": 1}
    assert there.run().manifest["source_rows"]["towns"] == counts
