"""Which split a row belongs to: by date or days, by hash for good, and fairly where rows are few."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from {{ cookiecutter.__package }}.config import DateSplit, HashSplit
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.split import (
    SPLITS,
    by_date,
    by_hash,
    row_hashes,
    stratified_places,
)
from {{ cookiecutter.__package }}.errors import ConfigError

from ..conftest import shop_of
from ..synthesized import synthesize
from .conftest import Shop, orders, with_source

HASH = HashSplit(by="hash", validation=0.2, test=0.2)


def rows_of(contract: Contract, count: int) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(synthesize(contract, count)))


def test_days_begin_at_local_midnight(shop: Contract) -> None:
    split = DateSplit.model_validate({"validation_from": "2024-02-01", "test_from": "2024-03-01"})
    days, clocks = ("2024-01-31", "2024-02-29"), ("22:59:59", "23:00:00")
    times = [datetime.fromisoformat(f"{day}T{clock}+00:00") for day in days for clock in clocks]
    found = pl.DataFrame({"at": times}).select(by_date(shop, split))
    assert found.to_series().to_list() == [0, 1, 1, 2]


def test_hashes_are_the_same_on_every_machine_and_in_every_version() -> None:
    rows = pl.DataFrame({"t": ["a", None, "é"], "n": [1, 2, None], "x": [0.5, None, -0.0]})
    assert row_hashes(rows).tolist() == row_hashes(rows.to_arrow()).tolist()
    hexes = [hex(value)[:8] for value in row_hashes(rows)]
    assert hexes == ["0xd8d69a", "0x28ce9a", "0x41f2d8"]


def test_a_row_stays_where_it_is_when_others_are_added(shop: Contract) -> None:
    rows = rows_of(shop, 20_000)
    places = rows.select(by_hash(shop, HASH)).to_series()
    assert rows[5_000:].select(by_hash(shop, HASH)).to_series().equals(places[5_000:])
    shares = np.bincount(places.to_numpy()) / len(rows)
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.01)


def test_rows_of_one_group_stay_together(shop: Contract) -> None:
    rows = rows_of(shop, 2_000)
    group = HashSplit(by="group", group="items")
    for places in (
        rows.select(by_hash(shop, group)).to_series(),
        stratified_places(rows, shop, group),
    ):
        found = rows.select("items").with_columns(place=places).unique()
        assert found["items"].is_unique().all()


@pytest.mark.parametrize("count", [20, 151, 1_000])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_few_rows_are_dealt_to_within_one_of_what_was_asked(task: str, count: int) -> None:
    contract = shop_of(task).model_copy(update={"id": None})
    rows = rows_of(contract, count)
    places = stratified_places(rows, contract, HASH).to_numpy()
    expected = count * np.array([0.6, 0.2, 0.2])
    assert np.abs(np.bincount(places, minlength=3) - expected).max() <= 1
    if task != "regression":
        for label in rows["returned"].unique():
            of_label = places[(rows["returned"] == label).to_numpy()]
            expected = len(of_label) * np.array([0.6, 0.2, 0.2])
            assert np.abs(np.bincount(of_label, minlength=3) - expected).max() <= 2


def test_150_rows_with_twins_are_dealt_so_too_and_twins_stay_together(place: Shop) -> None:
    rows = orders(144)
    rows += [rows[3], rows[3], rows[40], rows[77], rows[90], rows[140]]
    place.write(rows)
    kept = with_source(place.contract, repeats="keep").model_copy(update={"time": None, "id": None})
    dataset = replace(place, contract=kept, settings={"split": HASH.model_dump()}).run()
    splits = {name: dataset.read(name)["order"].to_pylist() for name in SPLITS}
    assert [len(splits[name]) for name in SPLITS] == pytest.approx([90, 30, 30], abs=1)
    assert sum(len(set(ids)) for ids in splits.values()) == 144
    rates = [s["shares"]["true"] for s in dataset.manifest["splits"].values()]
    assert rates == pytest.approx([0.5] * 3, abs=0.04)


@pytest.mark.parametrize("cells", [{"price": "-5"}, {"price": "x"}, {"returned": ""}])
def test_days_are_counted_back_from_the_newest_row_that_is_good_and_has_a_label(
    place: Shop, capsys: pytest.CaptureFixture[str], cells: dict[str, str]
) -> None:
    """The newest is of 30 March."""
    recent = place.having(split={"by": "recent", "validation_days": 30, "test_days": 29})
    rows, cut = orders(), {"by": "date", "validation_from": "2024-02-01", "test_from": "2024-03-02"}
    recent.write([*rows, rows[-1] | {"order": "late", "at": "2124-01-01 10:00:00"} | cells])
    dataset = recent.run()
    assert "split     validation from 2024-02-01, test from 2024-03-02" in capsys.readouterr().out
    fixed = recent.having(split=cut).run()
    assert dataset.manifest["cut"] == fixed.manifest["cut"] == cut
    assert dataset.manifest["content_hash"] == fixed.manifest["content_hash"]


def test_without_a_time_there_is_no_newest_row(place: Shop) -> None:
    contract = place.contract.model_copy(update={"time": None})
    with pytest.raises(ConfigError, match="a split by date needs a time"):
        replace(place, contract=contract).run()
