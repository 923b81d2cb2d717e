"""Splits that fit into memory, and samples of those that do not."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.training.rows import Rows, read_rows

from ..conftest import ROWS, write_dataset
from .kinds.conftest import rows_of

TOTAL = ROWS["train"]


@pytest.fixture
def dataset(any_shop: Contract, tmp_path: Path) -> Dataset:
    """A dataset whose training rows are in groups of 700."""
    made = write_dataset(tmp_path / "data", any_shop)
    path = made.path / "train.parquet"
    pq.write_table(pq.read_table(path), path, row_group_size=700)
    return made


def test_a_split_that_fits_is_read_whole(dataset: Dataset) -> None:
    rows = read_rows(dataset, "train", most=TOTAL)
    assert len(rows) == rows.table.num_rows == TOTAL
    assert rows.table.equals(dataset.read("train"))


def test_of_a_split_that_does_not_a_sample_is_read_and_said(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, again, other = (read_rows(dataset, "train", most=1_000, seed=s) for s in (1, 1, 2))
    assert "sample    1,000 of 3,000 train rows" in capsys.readouterr().out
    assert len(rows.labels) == len(rows.inputs) == rows.table.num_rows == 1_000
    assert rows.table.equals(again.table)
    assert not rows.table.equals(other.table)
    ids = dataset.read("train")["order"].to_pylist()
    places = [ids.index(name) for name in rows.table["order"].to_pylist()]
    assert places == sorted(set(places))
    shares = np.bincount(np.array(places) // 700) / 1_000
    assert shares == pytest.approx([700 / TOTAL] * 4 + [200 / TOTAL], abs=0.06)


def test_dictionaries_of_several_groups_are_read_as_one(
    dataset: Dataset, any_shop: Contract
) -> None:
    path = dataset.path / "train.parquet"
    table = pq.read_table(path)
    place = table.schema.names.index("city")
    city = pa.chunked_array([chunk.dictionary_encode() for chunk in table["city"].chunks])
    pq.write_table(table.set_column(place, "city", city), path, row_group_size=400)
    plain = read_rows(dataset, "train", most=TOTAL)
    sampled = read_rows(dataset, "train", most=TOTAL - 1)
    assert set(sampled.inputs.category.ravel()) == set(plain.inputs.category.ravel())


def test_rows_are_taken_and_put_together(shop: Contract) -> None:
    rows = rows_of(shop, 20)
    again = Rows.concatenate(rows[np.arange(5)], rows[np.arange(5, 20)])
    assert again.table.equals(rows.table.combine_chunks()) or again.table == rows.table
    assert np.array_equal(again.inputs.time, rows.inputs.time)
    assert np.array_equal(again.labels, rows.labels)
    assert len(again) == 20
