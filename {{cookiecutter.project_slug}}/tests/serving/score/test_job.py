"""Rows to scores: what a file may look like, what is refused, and what is left behind."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    DataError,
)
from {{ cookiecutter.__package }}.serving.score.job import run
from {{ cookiecutter.__package }}.serving.score.source import Ask

from ...conftest import TASKS, shop_of
from ...synthesized import synthesize
from ..conftest import serve_config
from ..live import add_version
from .conftest import HEAD, LINE, Place, rows_of


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("key", ["order", None])
def test_scores_have_the_id_or_else_file_and_record(
    tmp_path: Path, task: str, key: str | None
) -> None:
    contract, config = shop_of(task, id=key), serve_config(tmp_path, batch_rows=100)
    add_version(config.bundles, contract)
    table = synthesize(contract, 250)
    pq.write_table(table, tmp_path / "rows.parquet")
    run(config, "shop", Ask(where=str(tmp_path / "rows.parquet")), tmp_path / "scored.parquet")
    found = pq.read_table(tmp_path / "scored.parquet")
    if key:
        assert found[key].to_pylist() == table[key].to_pylist()
    else:
        assert set(found["_file"].to_pylist()) == {str(tmp_path / "rows.parquet")}
        assert found["_record"].to_pylist() == list(range(1, 251))
    columns = ["value"] if task == "regression" else ["probability", "decision"]
    assert found.column_names == [*([key] if key else ["_file", "_record"]), *columns]
    kinds = {"binary": pa.bool_(), "multiclass": pa.string(), "regression": pa.float64()}
    assert found.schema.types[-1] == kinds[task]


@pytest.mark.parametrize(
    "cities",
    [
        pa.array(["1", "true", None, "Lyon"]),
        pa.array(["1", "true", None, "Lyon"]).dictionary_encode(),
        pa.array(["1.0", "TRUE", None, " x "], pa.large_string()),
    ],
)
def test_text_is_one_category_however_a_file_holds_it(
    place: Place, shop: Contract, cities: pa.Array
) -> None:
    found = place.scored(parquet_with(place.folder, shop, cities))["probability"].to_pylist()
    assert len({round(p, 6) for p in found}) == 3
    assert found[2] == found[3]


@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.float64(), pa.string()])
def test_a_category_of_numbers_is_one_whatever_their_type(
    place: Place, shop: Contract, kind: pa.DataType
) -> None:
    ones = parquet_with(place.folder, shop, pa.array([1, 1, 2, None]).cast(kind))
    found = place.scored(ones)["probability"].to_pylist()
    assert found[0] == found[1] > found[2] == found[3]


def parquet_with(folder: Path, contract: Contract, cities: pa.Array) -> Path:
    """Equal rows but for their city."""
    table = synthesize(contract, 1).drop_columns(["returned", "refund", "city"])
    table = pa.concat_tables([table] * len(cities)).append_column("city", cities)
    pq.write_table(table, folder / "rows.parquet")
    return folder / "rows.parquet"


def test_columns_may_come_in_any_order_and_others_are_ignored(place: Place) -> None:
    place.write(LINE, name="a.csv")
    place.write(
        'Lyon,"1, 2",2,12.5,true,2024-05-01T08:00:00Z,web,o-1\n',
        name="b.csv",
        head="city,note,items,price,gift,at,channel,order\n",
    )
    found = [place.scored(place.folder / name, f"{name}.parquet") for name in ("a.csv", "b.csv")]
    assert found[0].equals(found[1])


def test_a_column_that_is_not_needed_may_hold_anything(place: Place) -> None:
    line = LINE.rstrip() + ","
    lines = [f"{line}{number}\n" for number in range(40_000)] + [f"{line}none\n"]
    path = place.write(*lines, head=HEAD.rstrip() + ",note\n")
    assert len(place.scored(path)) == 40_001


def test_an_id_comes_back_as_it_was_written(place: Place) -> None:
    ids = ["007", "1e3", "NA-1", "2024-01-01"]
    path = place.write(*(LINE.replace("o-1", order) for order in ids))
    assert place.scored(path)["order"].to_pylist() == ids


def test_a_file_without_the_id_is_scored(place: Place) -> None:
    path = place.write(LINE.partition(",")[2], head=HEAD.partition(",")[2])
    found = place.scored(path)
    assert found.column_names == ["_file", "_record", "probability", "decision"]
    assert found.select(["_file", "_record"]).to_pylist() == [{"_file": str(path), "_record": 1}]


def test_a_file_without_columns_that_may_be_missing_is_scored(place: Place) -> None:
    place.write(LINE.replace("Lyon,true", ","))
    expected = place.scored(place.folder / "rows.csv")
    less = place.write(
        "o-1,2024-05-01T08:00:00Z,12.5,2,web\n",
        name="less.csv",
        head="order,at,price,items,channel\n",
    )
    assert place.scored(less, "less.parquet").equals(expected)
    table = pa.table({"order": ["o-1"], "price": [12.5], "items": [2], "channel": ["web"]})
    at = pa.array(["2024-05-01T08:00:00Z"])
    pq.write_table(table.append_column("at", at), place.folder / "few.parquet")
    assert place.scored(place.folder / "few.parquet", "found.parquet").equals(expected)


def test_missing_texts_of_the_contract_are_missing_values(place: Place) -> None:
    path = place.write(*(LINE.replace("Lyon,true", v) for v in ("NA,NA", ",", '"NA",""')))
    assert len(set(place.scored(path)["probability"].to_pylist())) == 1


def test_numbers_that_are_not_finite_are_missing_ones(place: Place, shop: Contract) -> None:
    gifts = pa.array([None, np.nan, np.inf, -np.inf], pa.float64())
    rows = rows_of(shop, 1).drop_columns(["gift"])
    table = pa.concat_tables([rows] * 4).append_column("gift", gifts)
    pq.write_table(table, place.folder / "rows.parquet")
    prices = table.set_column(table.schema.get_field_index("price"), "price", gifts)
    pq.write_table(prices, place.folder / "prices.parquet")
    place.run(place.folder / "prices.parquet", "none.parquet", max_rejected_fraction=1.0)
    reasons = {reason for _, _, reason in place.quarantine("none")}
    assert reasons == {"price: missing", "price: not a float; gift: not a boolean"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; its first line must name the columns"),
        (HEAD.encode(), "has no rows"),
        (b"price,items\n1,2\n", "no column 'at', 'channel'"),
        ((HEAD + LINE.replace("12.5", "dear")).encode(), r"1 of 1 rows.*price: not a float 1"),
        ((HEAD + LINE.replace("12.5", "-1")).encode(), r"1 of 1 rows.*price: below minimum 0 1"),
        ((HEAD.replace("city", "price") + LINE).encode(), "price"),
        (b"PAR1 but nothing more", "rows.file"),
        (b"PK\x03\x04 and so on", "is a zip or Excel file"),
        (b"\x00\x01\x02", "rows.file"),
    ],
)
def test_a_file_that_cannot_be_scored_is_told_and_leaves_what_was_there(
    place: Place, content: bytes, told: str
) -> None:
    place.scored(place.write(LINE))
    (place.folder / "rows.file").write_bytes(content)
    before = (place.folder / "scored.parquet").read_bytes()
    with pytest.raises(DataError, match=told):
        place.run(place.folder / "rows.file")
    assert place.left - {"quarantine", ".scored.parquet.scoring"} == {
        *("rows.csv", "rows.file", "scored.parquet")
    }
    assert (place.folder / "scored.parquet").read_bytes() == before


def test_nothing_is_left_of_a_run_that_could_not_begin(place: Place) -> None:
    with pytest.raises(DataError, match="has no rows"):
        place.run(place.write(), "new/scored.parquet")
    assert list((place.folder / "new").iterdir()) == []


def test_a_parquet_file_whose_pages_are_damaged_is_told(place: Place, shop: Contract) -> None:
    path = place.folder / "rows.parquet"
    pq.write_table(synthesize(shop, 500), path)
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"rows.parquet' cannot be read"):
        place.run(path)
    assert place.left == {"rows.parquet"}
