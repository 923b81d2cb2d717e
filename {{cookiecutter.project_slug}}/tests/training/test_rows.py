"""Splits that fit into memory and samples of others; blocks and folds of rows that belong together."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.inputs import from_rows
from {{ cookiecutter.__package }}.training.rows import (
    Rows,
    bootstrap_of,
    make_folds,
    overlap,
    read_rows,
)
from {{ cookiecutter.__package }}.values import MISSING_TIME

from ..conftest import ROWS, shop_of, write_dataset
from ..models.conftest import part_of
from .conftest import rows_of

SETTINGS = TrainConfig()


def test_a_split_is_read_whole_and_one_that_does_not_fit_in_part(
    shop: Contract, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = write_dataset(tmp_path / "data", shop)
    rows = read_rows(dataset, "train", SETTINGS)
    assert len(rows) == rows.table.num_rows == ROWS["train"]
    assert rows.table.equals(dataset.read("train"))
    some = read_rows(dataset, "train", TrainConfig(memory_rows=1_400))
    assert "sample    one of 3 of the 3,000 train rows" in capsys.readouterr().out
    assert some.table["order"].to_pylist() == rows.table["order"].to_pylist()[::3]
    assert some.labels.tolist() == rows.labels.tolist()[::3]


def blocks_of(contract: Contract, split: dict[str, Any], **columns: list[Any]) -> tuple[Any, str]:
    """The blocks of rows with these columns, and what a block is."""
    table = pa.table(columns)
    inputs, labels = from_rows(contract, table.to_pylist()), np.zeros(len(table))
    rows = Rows(contract=contract, table=table, inputs=inputs, labels=labels, split_by=split)
    bootstrap = bootstrap_of(rows, SETTINGS)
    return bootstrap.block.tolist(), bootstrap.unit


def test_a_block_is_a_group_of_the_split_or_a_local_day_or_a_row(shop: Contract) -> None:
    moments = [
        datetime(2024, 1, 5, 22, 59, tzinfo=UTC),  # 23:59 in Paris
        datetime(2024, 1, 5, 23, 0, tzinfo=UTC),
        datetime(2024, 1, 6, 22, 59, tzinfo=UTC),
        datetime(2024, 1, 4, 23, 30, tzinfo=UTC),
    ]
    price = part_of(shop, "price")
    assert blocks_of(part_of(shop, "at"), {}, at=moments) == ([0, 1, 1, 0], "days")
    assert blocks_of(price, {}, price=[1.0, 1.0]) == ([0, 1], "rows")
    some, _ = blocks_of(part_of(shop, "at"), {}, at=[0, MISSING_TIME, 1, None])
    assert some[0] == some[2] != some[1] == some[3]
    split = {"by": "group", "group": "city"}
    block, unit = blocks_of(price, split, price=[1, 1, 2, 2], city=["b", "a", "b", None])
    assert (block[0] == block[2], len(set(block)), unit) == (True, 3, "values of city")
    assert blocks_of(price, split, price=[1.0, 2.0]) == ([0, 1], "rows"), "datasets leave it out"


def test_a_test_row_that_was_learned_is_known_by_its_id(shop: Contract) -> None:
    rows = rows_of(shop, 600)
    learned, test = rows[np.arange(400)], rows[np.arange(400, 600)]
    assert overlap([learned], test) == 0
    assert overlap([learned, rows[np.arange(400, 450)]], test) == 50
    assert overlap([learned], replace(test, contract=shop_of("binary", id=None))) is None


def test_time_is_held_out_after_what_is_learned_and_else_each_row_once(shop: Contract) -> None:
    for by in ("date", "recent"):
        rows = rows_of(shop, 300, by=by)
        folds = make_folds(rows, 0)
        assert [len(past) for past, _ in folds] == [50, 100, 150, 200, 250]
        assert all(rows.times[past].max() <= rows.times[after].min() for past, after in folds)
    folds = make_folds(replace(rows, split_by={"by": "hash"}), 0)
    assert sorted(np.concatenate([apart for _, apart in folds])) == list(range(300))
    for learned, apart in folds:
        assert not set(learned) & set(apart)
        assert rows.labels[apart].mean() == pytest.approx(rows.labels.mean(), abs=0.02)


def test_a_group_is_never_on_both_sides_and_one_alone_is_refused(any_shop: Contract) -> None:
    def grouped(n_groups: int) -> Rows:
        """Rows of so many customers in turn, whose names are the orders'."""
        rows = rows_of(any_shop, 600, by="group", group="order")
        customers = pa.array([f"c{number % n_groups}" for number in range(600)])
        at = rows.table.schema.get_field_index("order")
        return replace(rows, table=rows.table.set_column(at, "order", customers))

    rows = grouped(40)
    names = rows.table["order"].to_numpy()
    for learned, apart in make_folds(rows, 0):
        assert not set(names[learned]) & set(names[apart])
    assert len(make_folds(grouped(3), 0)) == 3
    for few in (grouped(1), replace(rows, table=rows.table.drop_columns("order"))):
        with pytest.raises(DataError, match=r"'order', and it has one value or is personal"):
            make_folds(few, 0)
