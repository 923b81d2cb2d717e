"""What the owner's transform may do to rows, and how it is told what it may not."""

import json
from collections.abc import Callable
from dataclasses import replace

import ibis
import pytest

from {{ cookiecutter.__package }}.atomic import pointed
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import Shop, changed


def lose(rows: ibis.Table) -> ibis.Table:
    return rows.drop("price")


def repeat(rows: ibis.Table) -> ibis.Table:
    return rows.union(rows)


def invent(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(_source_row=rows["_source_row"] + 1000)


def forget(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(_source_row=ibis.null("int64"))


def untrack(rows: ibis.Table) -> ibis.Table:
    return rows.drop("_source_row")


def mistype(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(price=rows.channel)


def halve(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(items=rows.items / 2)


def misname(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(price=rows.cost)


def overflow(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(items=rows.items + (2**63 - 1))


TRANSFORMS = [
    (lose, ["no column 'price'", "data/transform.py"]),
    (repeat, ["repeats 60", "invents 0", "driving source", "data/transform.py"]),
    (invent, ["repeats 0", "invents 60", "driving source"]),
    (forget, ["invents 60", "driving source"]),
    (untrack, ["no column '_source_row'", "data/transform.py"]),
    (mistype, ["'price'", "not of its type float", "data/transform.py"]),
    (halve, ["'items'", "float", "integer", "data/transform.py"]),
    (misname, ["'cost'", "orders", "data/transform.py, line"]),
    (overflow, ["cannot be run", "Overflow"]),
]


@pytest.mark.parametrize(("function", "words"), TRANSFORMS, ids=[f.__name__ for f, _ in TRANSFORMS])
def test_a_transform_that_loses_the_thread_is_told_how(
    place: Shop,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[ibis.Table], ibis.Table],
    words: list[str],
) -> None:
    before = place.with_dataset()
    monkeypatch.setattr(transform, "transform", lambda sources: function(sources["orders"]))
    place.write(changed(1, price="3"))
    with pytest.raises(DataError) as caught:
        place.run()
    assert [word for word in words if word not in str(caught.value)] == []
    assert pointed(place.datasets / "current") == before
    assert {path.name for path in place.datasets.iterdir()} == {before, "current"}


def test_rows_that_a_transform_filters_are_counted(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheap(sources: dict[str, ibis.Table]) -> ibis.Table:
        rows = sources["orders"]
        return rows.filter(rows.items < 3)

    monkeypatch.setattr(transform, "transform", cheap)
    rows = place.run().manifest["rows"]
    assert (rows["driving"], rows["kept"], rows["filtered"]) == (60, 40, 20)


def test_numbers_that_a_transform_makes_infinite_are_missing(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(sources: dict[str, ibis.Table]) -> ibis.Table:
        rows = sources["orders"]
        odd = ibis.cases((rows.items == 3, float("nan")), else_=float("inf"))
        return rows.mutate(refund=(rows.items == 1).ifelse(1.0, odd))

    monkeypatch.setattr(transform, "transform", divide)
    assert {row["items"]: row["refund"] for row in place.rows()} == {1: 1.0, 2: None, 3: None}


def test_a_second_source_is_joined_and_counted(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cities = place.folder / "cities.csv"
    cities.write_text("id,town\no-0,Nice\no-1,Brest\no-1,Brest\n")

    def join(sources: dict[str, ibis.Table]) -> ibis.Table:
        rows, towns = sources["orders"], sources["towns"]
        joined = rows.left_join(towns.drop("_source_row"), rows.order == towns.id)
        return joined.mutate(city=joined.town)

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
