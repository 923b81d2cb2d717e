"""A split that is counted back from the newest row, and moves on as rows come."""

from dataclasses import replace

import pytest

from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.errors import ConfigError, DataError

from .conftest import Rows, Shop, orders

RECENT = {"by": "recent", "validation_days": 30, "test_days": 29}
CUT = {"by": "date", "validation_from": "2024-02-01", "test_from": "2024-03-02"}


@pytest.fixture
def recent(place: Shop) -> Shop:
    """The shop, whose newest order is of 30 March."""
    return replace(place, settings={"split": RECENT})


def later(day: str, **cells: str) -> Rows:
    """The orders and one more."""
    rows = orders()
    return [*rows, rows[-1] | {"order": "late", "at": f"{day} 10:00:00", **cells}]


def rows_of(dataset: Dataset) -> dict[str, int]:
    """How many are in each split."""
    return {name: split["rows"] for name, split in dataset.manifest["splits"].items()}


def test_days_are_counted_back_from_the_newest_row(
    place: Shop, recent: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = recent.run()
    assert "split     validation from 2024-02-01, test from 2024-03-02" in capsys.readouterr().out
    fixed = replace(place, settings={"split": CUT}).run()
    assert dataset.manifest["cut"] == fixed.manifest["cut"] == CUT
    assert rows_of(dataset) == rows_of(fixed)
    assert dataset.manifest["content_hash"] == fixed.manifest["content_hash"]


def test_new_rows_move_the_split_on(recent: Shop) -> None:
    before = rows_of(recent.run())
    recent.write(later("2024-04-09"))
    dataset = recent.run()
    assert dataset.manifest["cut"]["test_from"] == "2024-03-12"
    assert rows_of(dataset)["train"] > before["train"]


@pytest.mark.parametrize("cells", [{"price": "-5"}, {"price": "x"}, {"returned": ""}])
def test_a_row_that_is_bad_or_has_no_label_yet_moves_nothing(
    recent: Shop, cells: dict[str, str]
) -> None:
    recent.write(later("2124-01-01", **cells))
    assert recent.run().manifest["cut"] == CUT


def test_where_no_row_is_good_nothing_is_guessed(recent: Shop) -> None:
    recent.write([row | {"price": "-5"} for row in orders()])
    with pytest.raises(DataError, match="no row has a label and breaks no rule"):
        recent.run()
    assert not recent.datasets.exists() or not list(recent.datasets.iterdir())


def test_without_a_time_there_is_no_newest_row(recent: Shop) -> None:
    contract = recent.contract.model_copy(update={"time": None})
    with pytest.raises(ConfigError, match="a split by date needs a time"):
        replace(recent, contract=contract).run()
