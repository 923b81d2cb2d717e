from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.split import SPLITS
from {{ cookiecutter.__package }}.models.bundle import Bundle
from {{ cookiecutter.__package }}.monitoring.checks import parity
from {{ cookiecutter.__package }}.monitoring.seen import Seen
from {{ cookiecutter.__package }}.storage import write_pointer

from ...conftest import shop_of
from ...synthesized import synthesize
from .windows import bundle_of, one, seen_of, served_from


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Bundle:
    return bundle_of(tmp_path_factory.mktemp("model"), shop, {})


@pytest.fixture(scope="module")
def table(shop: Contract) -> pa.Table:
    return synthesize(shop, 600, seed=3)


def write_dataset(folder: Path, table: pa.Table) -> Path:
    """A dataset of a table, a third of it in each split."""
    dataset = folder / "datasets" / "d1"
    dataset.mkdir(parents=True)
    for number, split in enumerate(SPLITS):
        part = table.slice(number * len(table) // 3, len(table) // 3)
        pq.write_table(part, dataset / f"{split}.parquet", row_group_size=50)
    write_pointer(folder / "datasets" / "current", "d1")
    return folder


def seen_from(bundle: Bundle, table: pa.Table, datasets: Path | None = None) -> Seen:
    return seen_of(bundle, served_from(bundle, table), datasets=datasets)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_answers_that_can_be_repeated_are_in_parity(tmp_path: Path, task: str) -> None:
    contract = shop_of(task)
    bundle = bundle_of(tmp_path, contract, {})
    (found,) = parity.judge(seen_from(bundle, synthesize(contract, 500, seed=3)))
    assert (found.value, found.breach, found.rows) == (0.0, False, 500)


def test_one_answer_that_differs_is_a_gross_breach(bundle: Bundle, table: pa.Table) -> None:
    served = served_from(bundle, table)
    served.outputs[7] += 1e-4
    (found,) = parity.judge(seen_of(bundle, served))
    assert found.breach
    assert found.gross == "1 of 600 logged rows are answered otherwise offline"
    served.outputs[7] = np.nan
    (found,) = parity.judge(seen_of(bundle, served))
    assert found.breach


def test_only_so_many_rows_are_answered_again(bundle: Bundle, table: pa.Table) -> None:
    seen = seen_of(bundle, served_from(bundle, table), config={"parity": {"sample_rows": 100}})
    (found,) = parity.judge(seen)
    assert found.rows == 100


def test_columns_as_they_were_joined_are_in_parity(
    tmp_path: Path, bundle: Bundle, table: pa.Table
) -> None:
    folder = write_dataset(tmp_path, table.take(np.random.default_rng(0).permutation(600)))
    found = parity.judge(seen_from(bundle, table, folder))
    assert [f.subject for f in found] == ["answers", *bundle.contract.features]
    assert {(f.value, f.breach) for f in found} == {(0.0, False)}
    assert {f.rows for f in found} == {600}


def test_a_column_that_callers_send_otherwise_than_it_is_joined_is_named(
    tmp_path: Path, bundle: Bundle, table: pa.Table
) -> None:
    price = pc.if_else(
        pc.greater(table["price"], 500), pc.multiply(table["price"], 1.1), table["price"]
    )
    city = pa.array([None] * 3 + table["city"].to_pylist()[3:], table["city"].type)
    joined = table.set_column(table.column_names.index("price"), "price", price)
    joined = joined.set_column(table.column_names.index("city"), "city", city)
    found = parity.judge(seen_from(bundle, table, write_dataset(tmp_path, joined)))
    dear = float(np.mean(np.array(table["price"].to_pylist(), float) > 500))
    assert one(found, "price").breach
    assert one(found, "price").value == pytest.approx(dear, abs=0.01)
    assert 0 < one(found, "city").value <= 0.005
    assert [f.subject for f in found if f.breach] == ["price"]  # three rows are no proof of 1 %


def test_rows_that_no_dataset_has_are_not_compared(
    tmp_path: Path, bundle: Bundle, table: pa.Table
) -> None:
    names = pa.array([f"x{number}" for number in range(len(table))])
    other = table.set_column(table.column_names.index("order"), "order", names)
    folder = write_dataset(tmp_path, other)
    for datasets in (folder, tmp_path / "nowhere", None):
        assert [f.subject for f in parity.judge(seen_from(bundle, table, datasets))] == ["answers"]


def test_a_dataset_whose_rows_were_deleted_has_none_to_compare(
    tmp_path: Path, bundle: Bundle, table: pa.Table
) -> None:
    folder = write_dataset(tmp_path, table)
    for path in folder.rglob("train.parquet"):
        path.unlink()
    assert [f.subject for f in parity.judge(seen_from(bundle, table, folder))] == ["answers"]


def test_an_empty_window_has_no_answers(bundle: Bundle, table: pa.Table) -> None:
    served = served_from(bundle, table)
    empty = replace(served[np.zeros(0, np.int64)], keys=np.zeros(0, object))
    assert parity.judge(seen_of(bundle, empty)) == []
