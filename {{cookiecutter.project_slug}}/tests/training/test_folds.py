"""Folds: each row held out once, time never backwards, groups whole."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.training.folds import Fold, make_folds
from {{ cookiecutter.__package }}.training.rows import Rows

from .kinds.conftest import rows_of


def folds_of(rows: Rows, contract: Contract, split: dict[str, Any]) -> list[Fold]:
    return make_folds(rows, contract, TrainConfig(), split)


@pytest.mark.parametrize("by", ["date", "recent"])
def test_time_is_held_out_after_what_is_learned(shop: Contract, by: str) -> None:
    rows = rows_of(shop, 300)
    seconds = rows.inputs.time[:, 0]
    folds = folds_of(rows, shop, {"by": by})
    assert [len(past) for past, _ in folds] == [50, 100, 150, 200, 250]
    assert all(seconds[past].max() <= seconds[after].min() for past, after in folds)


def test_each_row_is_held_out_once_and_labels_keep_their_shares(any_shop: Contract) -> None:
    rows = rows_of(any_shop, 500)
    folds = folds_of(rows, any_shop, {"by": "hash"})
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(500))
    for learned, held in folds:
        assert not set(learned) & set(held)
        if any_shop.task == "binary":
            assert rows.labels[held].mean() == pytest.approx(rows.labels.mean(), abs=0.02)


def grouped_of(contract: Contract, n_groups: int) -> Rows:
    """Rows of so many customers in turn, whose names are the orders'."""
    rows = rows_of(contract, 600)
    customers = pa.array([f"c{number % n_groups}" for number in range(600)])
    at = rows.table.schema.get_field_index("order")
    return replace(rows, table=rows.table.set_column(at, "order", customers))


def test_a_group_is_never_on_both_sides(any_shop: Contract) -> None:
    grouped = grouped_of(any_shop, 40)
    names = grouped.table["order"].to_numpy()
    for learned, held in folds_of(grouped, any_shop, {"by": "group", "group": "order"}):
        assert not set(names[learned]) & set(names[held])


def test_of_few_groups_each_is_held_out(shop: Contract) -> None:
    assert len(folds_of(grouped_of(shop, 3), shop, {"by": "group", "group": "order"})) == 3


def test_one_group_or_one_that_datasets_leave_out_is_refused(shop: Contract) -> None:
    with pytest.raises(DataError, match="one 'order' alone, c0: no fold can hold one out"):
        folds_of(grouped_of(shop, 1), shop, {"by": "group", "group": "order"})
    rows = grouped_of(shop, 40)
    without = replace(rows, table=rows.table.drop_columns("name"))
    with pytest.raises(DataError, match="is 'name', a personal column, which datasets leave out"):
        folds_of(without, shop, {"by": "group", "group": "name"})
