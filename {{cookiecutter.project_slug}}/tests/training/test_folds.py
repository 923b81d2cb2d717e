"""Folds: each row held out once, time never backwards, groups whole."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models import preprocess
from {{ cookiecutter.__package }}.training.folds import (
    repeated_folds,
    row_folds,
    time_folds,
)
from {{ cookiecutter.__package }}.training.rows import Rows

from .kinds.conftest import rows_of


@pytest.fixture(autouse=True)
def _no_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "features", lambda _: {})


def folds_of(rows: Rows, contract: Contract, split: dict[str, Any]) -> list[Any]:
    return list(repeated_folds(rows, contract, TrainConfig(), split))


@pytest.mark.parametrize("by", ["date", "recent"])
def test_time_is_held_out_after_what_is_learned(shop: Contract, by: str) -> None:
    rows = rows_of(shop, 300)
    times = rows.inputs.time[:, 0]
    (folds,) = folds_of(rows, shop, {"by": by})
    assert len(folds) == 5
    for given, asked in folds:
        assert times[given].max() <= times[asked].min()


def test_time_folds_grow() -> None:
    folds = time_folds(np.arange(60)[::-1].copy(), 5)
    assert [len(given) for given, _ in folds] == [10, 20, 30, 40, 50]
    assert min(folds[0][0]) == 50


def test_each_row_is_held_out_once_and_labels_keep_their_shares(any_shop: Contract) -> None:
    rows = rows_of(any_shop, 500)
    repeats = folds_of(rows, any_shop, {"by": "hash"})
    assert len(repeats) == 4
    for folds in repeats:
        assert sorted(np.concatenate([asked for _, asked in folds])) == list(range(500))
        for given, asked in folds:
            assert not set(given) & set(asked)
            if any_shop.task == "binary":
                assert rows.labels[asked].mean() == pytest.approx(rows.labels.mean(), abs=0.02)
    assert not np.array_equal(repeats[0][0][1], repeats[1][0][1])


def grouped_of(contract: Contract, n_groups: int) -> Rows:
    """Rows of so many customers in turn, whose names are the orders'."""
    rows = rows_of(contract, 600)
    customers = pa.array([f"c{number % n_groups}" for number in range(600)])
    at = rows.table.schema.get_field_index("order")
    table = rows.table.set_column(at, "order", customers)
    return Rows(table=table, inputs=rows.inputs, labels=rows.labels)


def test_of_few_groups_each_is_held_out(shop: Contract) -> None:
    folds, *_ = folds_of(grouped_of(shop, 3), shop, {"by": "group", "group": "order"})
    assert len(folds) == 3


def test_one_group_or_one_that_datasets_leave_out_is_told(shop: Contract) -> None:
    with pytest.raises(DataError, match="one 'order' alone, c0: no fold can hold one out"):
        folds_of(grouped_of(shop, 1), shop, {"by": "group", "group": "order"})
    rows = grouped_of(shop, 40)
    without = replace(rows, table=rows.table.drop_columns("name"))
    with pytest.raises(DataError, match="is 'name', a personal column, which datasets leave out"):
        folds_of(without, shop, {"by": "group", "group": "name"})


def test_a_group_is_never_on_both_sides(any_shop: Contract) -> None:
    grouped = grouped_of(any_shop, 40)
    table = grouped.table
    for folds in folds_of(grouped, any_shop, {"by": "group", "group": "order"}):
        for given, asked in folds:
            names = table["order"].to_numpy()
            assert not set(names[given]) & set(names[asked])


def test_more_rows_are_drawn_less_often(shop: Contract) -> None:
    assert len(folds_of(rows_of(shop, 1_500), shop, {"by": "hash"})) == 1


def test_numbers_are_folded_without_classes() -> None:
    folds = row_folds(20, 4, 0, stratify=None, groups=None)
    assert sorted(np.concatenate([asked for _, asked in folds])) == list(range(20))
