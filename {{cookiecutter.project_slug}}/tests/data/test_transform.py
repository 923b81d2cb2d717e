"""What the owner's transform may do to rows, and how it is told what it may not."""

import json
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.storage import read_pointer

from .conftest import Shop, changed


def lose(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.drop("price")


def repeat(rows: pl.LazyFrame) -> pl.LazyFrame:
    return pl.concat([rows, rows])


def invent(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(pl.col("_source_row") + 1000)


def forget(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(_source_row=pl.lit(None, pl.Int64))


def untrack(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.drop("_source_row")


def mistype(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(price="channel")


def halve(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(pl.col("items") / 2)


def misname(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(price=pl.col("cost"))


def shuffle(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.sort("price", descending=True)


TRANSFORMS = [
    (lose, ["no column 'price'", "data/transform.py"]),
    (repeat, ["repeats 60", "invents 0", "driving source", "data/transform.py"]),
    (invent, ["repeats 0", "invents 60", "driving source"]),
    (forget, ["invents 60", "driving source"]),
    (untrack, ["no column '_source_row'", "data/transform.py"]),
    (mistype, ["'price'", "not of its type float", "data/transform.py"]),
    (halve, ["'items'", "float", "integer", "data/transform.py"]),
    (misname, ["cost", "orders", "data/transform.py"]),
]


@pytest.mark.parametrize(("function", "words"), TRANSFORMS, ids=[f.__name__ for f, _ in TRANSFORMS])
def test_a_transform_that_loses_the_thread_is_told_how(
    place: Shop,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[pl.LazyFrame], pl.LazyFrame],
    words: list[str],
) -> None:
    before = place.with_dataset()
    monkeypatch.setattr(transform, "transform", lambda sources: function(sources["orders"]))
    place.write(changed(1, price="3"))
    with pytest.raises(DataError) as caught:
        place.run()
    assert [word for word in words if word not in str(caught.value)] == []
    assert read_pointer(place.datasets / "current") == before
    assert {path.name for path in place.datasets.iterdir()} == {before, "current"}


def test_rows_that_a_transform_filters_are_counted(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheap(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
        return sources["orders"].filter(pl.col("items") < 3)

    monkeypatch.setattr(transform, "transform", cheap)
    rows = place.run().manifest["rows"]
    assert (rows["driving"], rows["kept"], rows["filtered"]) == (60, 40, 20)


def test_rows_that_a_transform_reorders_are_put_in_order(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = place.run().manifest["content_hash"]
    monkeypatch.setattr(transform, "transform", lambda sources: shuffle(sources["orders"]))
    (place.folder / "data" / "runs").rename(place.folder / "elsewhere")
    assert place.run().manifest["content_hash"] == expected


def test_numbers_that_a_transform_makes_infinite_are_missing(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
        odd = pl.when(pl.col("items") == 3).then(float("nan")).otherwise(float("inf"))
        one = pl.when(pl.col("items") == 1).then(1.0).otherwise(odd)
        return sources["orders"].with_columns(refund=one)

    monkeypatch.setattr(transform, "transform", divide)
    assert {row["items"]: row["refund"] for row in place.rows()} == {1: 1.0, 2: None, 3: None}


def test_a_second_source_is_joined_and_counted(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cities = place.folder / "cities.csv"
    cities.write_text("id,town\no-0,Nice\no-1,Brest\no-1,Brest\n")

    def join(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
        rows, towns = sources["orders"], sources["towns"]
        return rows.drop("city").join(
            towns.rename({"town": "city"}),
            left_on="order",
            right_on="id",
            how="left",
            maintain_order="left",
        )

    monkeypatch.setattr(transform, "transform", join)
    towns = {
        "csv": str(cities),
        "columns": {"id": "string", "town": "category"},
    }
    raw = json.loads(place.contract.text)
    raw["sources"]["towns"] = towns
    there = replace(place, contract=Contract.model_validate(raw))
    assert [row["city"] for row in there.rows()][:3] == ["Nice", "Brest", None]
    counts = {"in": 3, "accepted": 2, "rejected": 0, "duplicates": 1}
    assert there.run().manifest["source_rows"]["towns"] == {str(cities): counts}
