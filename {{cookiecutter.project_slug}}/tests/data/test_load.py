"""Every row that a transform made is kept, or counted and set aside; rules do what their mode says."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.atomic import pointed
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import transform
from {{ cookiecutter.__package }}.data.dataset import content_hash
from {{ cookiecutter.__package }}.data.extract import Extraction
from {{ cookiecutter.__package }}.data.load import (
    Loaded,
    Loader,
    OutOfOrderError,
)
from {{ cookiecutter.__package }}.data.split import SPLITS, Places
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import Shop, changed, orders

N_ROWS = 300
Cells = dict[int, dict[str, Any]]


def made(contract: Contract, cells: Cells | None = None) -> pa.Table:
    """What a transform gives: rows 1 to 300 that keep every rule but for some cells, by row."""
    good = synthesize(contract, N_ROWS)
    rows = [
        row | {"_source_row": number} | (cells or {}).get(number, {})
        for number, row in enumerate(good.to_pylist(), start=1)
    ]
    added = [("_source_row", pa.int64())]
    return pa.Table.from_pylist(rows, pa.schema([*good.schema, *added]))


def driving(folder: Path, repeated: Iterable[int] = ()) -> Extraction:
    """A source of 300 rows, of which some repeat an earlier one."""
    numbers = range(1, N_ROWS + 1)
    places = {"_file": ["orders.csv"] * N_ROWS, "_line": [number + 1 for number in numbers]}
    pq.write_table(pa.table({"_source_row": numbers} | places), folder / "staged.parquet")
    dropped = np.array([*repeated], np.int64)
    counts = {"in": N_ROWS, "accepted": N_ROWS - len(dropped), "duplicates": len(dropped)}
    return Extraction(
        path=folder / "staged.parquet",
        columns=(),
        repeated=dropped,
        counts={"orders.csv": counts},
        reasons={},
    )


def load(
    folder: Path,
    contract: Contract,
    rows: pa.Table,
    losers: Iterable[int] = (),
    repeated: Iterable[int] = (),
    *,
    in_order: bool = False,
    batch_rows: int = 100,
) -> Loaded:
    numbers = np.array([*losers], np.int64)
    loader = Loader(contract, driving(folder, repeated), numbers, by_price, in_order=in_order)
    return loader.load(rows.to_batches(max_chunksize=batch_rows), folder, lambda _: None)


def by_price(rows: pa.Table) -> Places:
    """A split as good as any: a row's own values decide."""
    prices = rows["price"].cast(pa.float64()).fill_null(0.0).to_numpy()
    places: Places = (np.floor(np.nan_to_num(prices) * 1e3) % 3).astype(np.int8)
    return places


def ruled(contract: Contract, **columns: dict[str, Any]) -> Contract:
    """The contract with other keys in some of its columns."""
    values = json.loads(contract.text)
    for name, keys in columns.items():
        values["columns"][name] |= keys
    return Contract.model_validate(values)


def test_every_row_has_one_end_and_a_kept_one_one_split(tmp_path: Path, shop: Contract) -> None:
    cells: Cells = {2: {"price": -1.0}, 3: {"returned": None}, 4: {"returned": None, "price": -1.0}}
    loaded = load(tmp_path, shop, made(shop, cells), losers=[2, 3, 9, 250])
    assert loaded.counts == {
        "made": 300,
        "kept": 295,
        "unlabelled": 2,
        "rejected": 1,
        "duplicates": 2,
    }
    files = {split: pq.read_table(tmp_path / f"{split}.parquet") for split in SPLITS}
    public = [name for name, column in shop.columns.items() if not column.pii]
    assert files["train"].column_names == ["_source_row", *public]
    numbers = {split: rows["_source_row"].to_pylist() for split, rows in files.items()}
    places = by_price(made(shop, cells)).tolist()
    for place, split in enumerate(SPLITS):
        kept = set(range(1, N_ROWS + 1)) - {2, 3, 4, 9, 250}
        assert numbers[split] == sorted(n for n in kept if places[n - 1] == place)
        flags = files[split]["returned"].to_pylist()
        rate = sum(flags) / len(flags)
        summary = loaded.labels.summary()[split]
        assert summary == {"rows": len(flags), "positive_rate": pytest.approx(rate)}
    assert loaded.reasons == {"price: below minimum 0": 1, "order: another row has it": 2}
    assert loaded.quarantined is not None
    assert loaded.quarantined["_source_row"].to_pylist() == [2, 9, 250]


def test_rows_filtered_are_not_missed(tmp_path: Path, shop: Contract) -> None:
    rows = made(shop)
    loaded = load(tmp_path, shop, rows.take(pa.array([3, 8, 299])))
    assert (loaded.counts["made"], loaded.counts["kept"]) == (3, 3)
    assert loaded.quarantined is None


@pytest.mark.parametrize("batch_rows", [1, 7, 40])
def test_rows_are_the_same_whatever_the_batches(
    tmp_path: Path, shop: Contract, batch_rows: int
) -> None:
    rows = made(shop, {7: {"price": -1.0}, 8: {"items": 0}}).slice(0, 40)
    expected = load(tmp_path, shop, rows)
    loaded = load(tmp_path, shop, rows, batch_rows=batch_rows)
    assert loaded.content_hash == expected.content_hash
    assert content_hash(tmp_path / f"{split}.parquet" for split in SPLITS) == loaded.content_hash
    assert (loaded.counts, loaded.reasons, loaded.labels.summary()) == (
        expected.counts,
        expected.reasons,
        expected.labels.summary(),
    )
    assert loaded.summary.columns_summary() == expected.summary.columns_summary()


def numbered(rows: pa.Table, numbers: list[int | None]) -> pa.Table:
    place = rows.column_names.index("_source_row")
    return rows.set_column(place, "_source_row", pa.array(numbers, pa.int64()))


# the rows' numbers → what the message says; row 50 repeats an earlier one and was dropped
NUMBERS: list[tuple[list[int | None], str]] = [
    ([1, 2, 2, 3], "repeats 1 and invents 0"),
    ([1, 2, 3, 301], "repeats 0 and invents 1"),
    ([-7, 1, 2, 3], "repeats 0 and invents 1"),
    ([1, 2, 3, 50], "repeats 0 and invents 1"),
    ([1, 1, 1, 999], "repeats 2 and invents 1"),
    ([1, 2, 3, None], "invents 1"),
]


@pytest.mark.parametrize(("numbers", "message"), NUMBERS, ids=[str(n) for n, _ in NUMBERS])
def test_rows_that_come_twice_or_from_nowhere_are_told(
    tmp_path: Path, shop: Contract, numbers: list[int | None], message: str
) -> None:
    rows = numbered(made(shop).slice(0, 4), numbers)
    with pytest.raises(DataError, match=message):
        load(tmp_path, shop, rows, repeated=[50], in_order=True, batch_rows=2)


def test_a_row_from_nowhere_that_fails_a_rule_is_told_as_from_nowhere(
    tmp_path: Path, shop: Contract
) -> None:
    strict = ruled(shop, price={"on_violation": "fail"})
    rows = numbered(made(strict, {1: {"price": -1.0}}).slice(0, 1), [5_000])
    with pytest.raises(DataError, match="invents 1"):
        load(tmp_path, strict, rows)


@pytest.mark.parametrize("numbers", [[2, 1], [1, 1], [3, 2, 1], [0, 1], [1, 2, 3, 3]])
def test_rows_out_of_order_are_for_the_caller_to_sort(
    tmp_path: Path, shop: Contract, numbers: list[int | None]
) -> None:
    rows = numbered(made(shop).slice(0, len(numbers)), numbers)
    with pytest.raises(OutOfOrderError):
        load(tmp_path, shop, rows, batch_rows=2)


def test_an_order_of_the_transforms_own_changes_nothing(
    place: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = place.run()

    def newest_first(sources: dict[str, ibis.Table]) -> ibis.Table:
        return sources["orders"].order_by(ibis.desc("at"))

    monkeypatch.setattr(transform, "transform", newest_first)
    there = replace(place, settings={"directory": place.folder / "other"})
    ordered = there.run()
    assert ordered.path != plain.path
    assert ordered.manifest == plain.manifest
    for split in SPLITS:
        assert ordered.read(split).equals(plain.read(split))


def with_rules(place: Shop, settings: dict[str, Any], **columns: dict[str, Any]) -> Shop:
    return replace(place, contract=ruled(place.contract, **columns), settings=settings)


def test_broken_values_become_null_and_broken_rows_are_quarantined(place: Shop) -> None:
    rows = orders()
    rows[4] |= {"price": "-5", "name": "Secretive, Sam"}
    rows[5] |= {"price": "-5", "channel": "fax", "name": "Secretive, Sam", "refund": "3"}
    rows[6] |= {"price": "2000", "items": "0"}
    rows[7] |= {"price": "2000"}
    place.write(rows)
    modes = {"minimum": "null", "maximum": "null"}
    gentle = with_rules(
        place,
        {"max_rejected_fraction": 0.5},
        price={"nullable": True, "on_violation": modes},
        refund={"pii": True},
        city={"pii": True, "role": "metadata"},
    )
    kept = {row["_source_row"]: row for row in gentle.rows()}
    assert (kept[5]["price"], kept[8]["price"], kept[9]["price"]) == (None, None, 8.5)
    reasons = gentle.run().manifest["reasons"]["contract"]
    assert reasons == {
        "price: below minimum 0": 1,
        "price: above maximum 1000": 1,
        "channel: not one of the allowed values": 1,
        "items: below minimum 1": 1,
    }
    first, second = gentle.quarantined("contract")
    assert (first["_source_row"], first["_line"], Path(first["_file"])) == (6, 7, place.csv)
    assert (second["_source_row"], second["_line"]) == (7, 8)
    assert first["_reasons"] == "channel: not one of the allowed values"
    assert second["_reasons"] == "items: below minimum 1"
    assert (first["channel"], first["order"]) == ("fax", "o-5")
    assert (first["name"], first["city"], first["refund"]) == ("***", "***", None)
    assert set(first) == {"_file", "_line", "_source_row", "_reasons", *gentle.contract.columns}


def test_a_value_that_may_not_be_fails_the_run(place: Shop) -> None:
    before = place.with_dataset()
    rows = changed(7, price="2000")
    rows[3] |= {"price": "2000", "returned": ""}  # without a target, a row breaks no rule
    place.write(rows)
    strict = with_rules(place, {}, price={"on_violation": {"maximum": "fail"}})
    with pytest.raises(DataError) as caught:
        strict.run()
    said = ["price: above maximum 1000", "on_violation is fail", str(place.csv), "line 8"]
    assert [word for word in said if word not in str(caught.value)] == []
    assert "nothing was written" in str(caught.value)
    assert pointed(place.datasets / "current") == before
    assert {path.name for path in place.datasets.iterdir()} == {before, "current"}
