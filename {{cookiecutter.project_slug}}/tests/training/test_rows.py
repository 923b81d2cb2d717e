"""Splits that fit into memory and samples of others; blocks and folds of rows that belong together."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models.inputs import from_columns
from {{ cookiecutter.__package }}.training.rows import (
    Fold,
    Rows,
    bootstrap_of,
    make_folds,
    overlap,
    read_rows,
)
from {{ cookiecutter.__package }}.values import MISSING_TIME

from ..conftest import ROWS, shop_of, write_dataset
from ..models.conftest import part_of
from .kinds.conftest import rows_of

TOTAL, SETTINGS = ROWS["train"], TrainConfig()


@pytest.fixture
def dataset(any_shop: Contract, tmp_path: Path) -> Dataset:
    """A dataset whose training rows are in groups of 700."""
    made = write_dataset(tmp_path / "data", any_shop)
    path = made.path / "train.parquet"
    pq.write_table(pq.read_table(path), path, row_group_size=700)
    return made


def test_a_split_that_fits_is_read_whole_with_the_tasks_labels(dataset: Dataset) -> None:
    rows, contract = read_rows(dataset, "train", SETTINGS), dataset.contract
    assert len(rows) == rows.table.num_rows == TOTAL
    assert rows.table.equals(dataset.read("train"))
    target = rows.table.column(contract.target).to_pylist()
    if contract.task == "binary":
        assert rows.labels.tolist() == [value == contract.positive for value in target]
    elif contract.task == "multiclass":
        assert [(contract.labels or ())[int(label)] for label in rows.labels] == target
    else:
        assert rows.labels.tolist() == target


def test_of_a_split_that_does_not_fit_a_sample_is_read_and_said(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, again, other = (
        read_rows(dataset, "train", TrainConfig(memory_rows=1_000, seed=seed)) for seed in (1, 1, 2)
    )
    assert "sample    1,000 of 3,000 train rows" in capsys.readouterr().out
    assert len(rows.labels) == len(rows.inputs) == rows.table.num_rows == 1_000
    assert rows.table.equals(again.table)
    assert not rows.table.equals(other.table)
    ids = dataset.read("train")["order"].to_pylist()
    places = [ids.index(name) for name in rows.table["order"].to_pylist()]
    assert places == sorted(set(places))
    shares = np.bincount(np.array(places) // 700) / 1_000
    assert shares == pytest.approx([700 / TOTAL] * 4 + [200 / TOTAL], abs=0.06)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_training_rows_need_two_labels_and_other_splits_one(dataset: Dataset, split: Any) -> None:
    path, target = dataset.path / f"{split}.parquet", dataset.contract.target
    table = pq.read_table(path)
    values = table[target].to_pylist()
    pq.write_table(table.filter(pa.array([value == values[0] for value in values])), path)
    if split == "train":
        with pytest.raises(DataError, match=r"with 1 different .*, but needs 2"):
            read_rows(dataset, split, SETTINGS)
    else:
        assert len(set(read_rows(dataset, split, SETTINGS).labels.tolist())) == 1
    pq.write_table(table.slice(0, 0), path)
    with pytest.raises(DataError, match=f"the {split} split has 0 rows .*data.yaml"):
        read_rows(dataset, split, SETTINGS)


def blocks_of(contract: Contract, split: dict[str, Any], **columns: list[Any]) -> tuple[Any, str]:
    """The blocks of rows with these columns, and what a block is."""
    known = {name: values for name, values in columns.items() if name in contract.features}
    n_rows = len(next(iter(columns.values())))
    inputs = from_columns(contract, known, n_rows)
    rows = Rows(table=pa.table(columns), inputs=inputs, labels=np.zeros(n_rows))
    bootstrap = bootstrap_of(contract, rows, split, SETTINGS)
    return bootstrap.block.tolist(), bootstrap.unit


def test_a_block_is_a_local_day_or_without_a_time_a_row(shop: Contract) -> None:
    moments = [
        datetime(2024, 1, 5, 22, 59, tzinfo=UTC),  # 23:59 in Paris
        datetime(2024, 1, 5, 23, 0, tzinfo=UTC),
        datetime(2024, 1, 6, 22, 59, tzinfo=UTC),
        datetime(2024, 1, 4, 23, 30, tzinfo=UTC),
    ]
    assert blocks_of(part_of(shop, "at"), {}, at=moments) == ([0, 1, 1, 0], "days")
    assert blocks_of(part_of(shop, "price"), {}, price=[1.0, 1.0]) == ([0, 1], "rows")
    zone = part_of(shop, "at", timezone="Asia/Kolkata")
    some, _ = blocks_of(zone, {}, at=[0, MISSING_TIME, 1, None])
    assert some[0] == some[2] != some[1] == some[3]


def test_the_group_of_the_split_is_the_block_where_datasets_have_it(shop: Contract) -> None:
    contract, split = part_of(shop, "price"), {"by": "group", "group": "city"}
    block, unit = blocks_of(contract, split, price=[1, 1, 2, 2], city=["b", "a", "b", None])
    assert (block[0] == block[2], len(set(block)), unit) == (True, 3, "values of city")
    block, unit = blocks_of(contract, split | {"group": "name"}, price=[1.0, 2.0])
    assert (block, unit) == ([0, 1], "rows (datasets do not keep 'name', which is personal)")


def test_a_test_row_that_was_learned_is_known_by_its_id(shop: Contract, shop_rows: Rows) -> None:
    learned, test = shop_rows[np.arange(400)], shop_rows[np.arange(400, 600)]
    assert overlap(shop, [learned], test) == (0, 0)
    assert overlap(shop, [learned, shop_rows[np.arange(400, 450)]], test) == (50, 0)
    assert overlap(shop, [shop_rows[np.arange(0)]], test) == (0, 0)
    prices = shop_rows.table["price"].slice(1).combine_chunks()
    at, rows = shop_rows.table.schema.names.index("price"), shop_rows[np.arange(599)]
    moved = replace(rows, table=rows.table.set_column(at, "price", prices))
    assert overlap(shop, [shop_rows], moved) == (599, 0)


def test_rows_that_look_alike_anyway_accuse_nobody(shop_rows: Rows) -> None:
    """Two columns of few values and no id: nearly every row has a twin."""
    contract = part_of(shop_of("binary", id=None), "channel", "gift")
    learned, test = shop_rows[np.arange(400)], shop_rows[np.arange(400, 600)]
    shared, expected = overlap(contract, [learned], test)
    assert 150 < shared <= expected


def folds_of(rows: Rows, contract: Contract, **split: Any) -> list[Fold]:
    return make_folds(rows, contract, SETTINGS, split)


@pytest.mark.parametrize("by", ["date", "recent"])
def test_time_is_held_out_after_what_is_learned(shop: Contract, by: str) -> None:
    rows = rows_of(shop, 300)
    seconds = rows.inputs.time[:, 0]
    folds = folds_of(rows, shop, by=by)
    assert [len(past) for past, _ in folds] == [50, 100, 150, 200, 250]
    assert all(seconds[past].max() <= seconds[after].min() for past, after in folds)


def test_each_row_is_held_out_once_and_labels_keep_their_shares(any_shop: Contract) -> None:
    rows = rows_of(any_shop, 500)
    folds = folds_of(rows, any_shop, by="hash")
    assert sorted(np.concatenate([apart for _, apart in folds])) == list(range(500))
    for learned, apart in folds:
        assert not set(learned) & set(apart)
        if any_shop.task == "binary":
            assert rows.labels[apart].mean() == pytest.approx(rows.labels.mean(), abs=0.02)


def grouped(contract: Contract, n_groups: int) -> Rows:
    """Rows of so many customers in turn, whose names are the orders'."""
    rows = rows_of(contract, 600)
    customers = pa.array([f"c{number % n_groups}" for number in range(600)])
    at = rows.table.schema.get_field_index("order")
    return replace(rows, table=rows.table.set_column(at, "order", customers))


def test_a_group_is_never_on_both_sides(any_shop: Contract) -> None:
    rows = grouped(any_shop, 40)
    names = rows.table["order"].to_numpy()
    for learned, apart in folds_of(rows, any_shop, by="group", group="order"):
        assert not set(names[learned]) & set(names[apart])
    assert len(folds_of(grouped(any_shop, 3), any_shop, by="group", group="order")) == 3


def test_one_group_or_one_that_datasets_leave_out_is_refused(shop: Contract) -> None:
    with pytest.raises(DataError, match=r"rows have one 'order' .* group by another column"):
        folds_of(grouped(shop, 1), shop, by="group", group="order")
    rows = grouped(shop, 40)
    without = replace(rows, table=rows.table.drop_columns("name"))
    with pytest.raises(DataError, match=r"rows have no 'name' \(datasets leave personal columns"):
        folds_of(without, shop, by="group", group="name")
