"""What Parquet files are read as, and what is told of values that are not of their type."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import ColumnType, Mode
from {{ cookiecutter.__package }}.data import tables
from {{ cookiecutter.__package }}.data.chunks import LINE, Layout
from {{ cookiecutter.__package }}.errors import DataError

from .reading import Read

Reader = Callable[..., Read]
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def takes(tmp_path: Path) -> Reader:
    """Writes columns as Parquet and reads them as the types given."""
    return partial(taken, tmp_path)


def taken(
    folder: Path,
    columns: Mapping[str, Any],
    types: Mapping[str, ColumnType],
    *,
    missing: tuple[str, ...] = (),
    modes: Mapping[str, Mode] | None = None,
    personal: tuple[str, ...] = (),
    others: tuple[str, ...] | None = None,
) -> Read:
    path = folder / "file.parquet"
    pq.write_table(pa.table(dict(columns)), path, row_group_size=3)
    names = tables.header(path)
    undeclared = tuple(name for name in names if name not in types)
    layout = replace(
        plain(types),
        others=undeclared if others is None else others,
        modes=modes or {},
        personal=frozenset(personal),
    )
    chunks = list(tables.chunks(path, missing, names, layout))
    return Read(
        table=pa.concat_tables([chunk.rows for chunk in chunks]).unify_dictionaries(),
        broken=[one for chunk in chunks for one in chunk.broken],
        nulled=[one for chunk in chunks for one in chunk.nulled],
    )


def plain(types: Mapping[str, ColumnType]) -> Layout:
    """These columns and no others."""
    return Layout(
        types=types,
        others=(),
        modes={},
        personal=frozenset(),
        zone=ZoneInfo("America/New_York"),
        drop=True,
    )


def test_columns_are_matched_by_name_and_rows_are_numbered(
    takes: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 2)
    columns = {"z": ["q"] * 5, "b": list("vwxyz"), "a": [1, 2, 3, 4, 5]}
    found = takes(columns, {"a": "integer", "b": "category"})
    assert found.rows == [(1, "v"), (2, "w"), (3, "x"), (4, "y"), (5, "z")]
    assert found.lines == [1, 2, 3, 4, 5]
    assert found.table.schema.names == ["a", "b", "_other_0", LINE]


# a column, the contract's type → values read, and how many rows are rejected
COLUMNS: list[tuple[pa.Array, ColumnType, list[Any], int]] = [
    (pa.array([1, None], pa.int32()), "integer", [1, None], 0),
    (pa.array([1.0, 1.5, NAN, INF]), "integer", [1, None], 2),
    (pa.array([2**63, 1], pa.uint64()), "integer", [1], 1),
    (pa.array([Decimal("3.00"), Decimal("3.70")]), "integer", [3], 1),
    (pa.array(["3", "3.7", None, ""]), "integer", [3, None], 2),
    (pa.array([1.5, NAN, None, INF, -INF]), "float", [1.5, None, None], 2),
    (pa.array([1.5, NAN], pa.float16()), "float", [1.5, None], 0),
    (pa.array([1.5, NAN]).dictionary_encode(), "float", [1.5, None], 0),
    (pa.array([Decimal("0.10"), None]), "float", [0.1, None], 0),
    (pa.array([True, None]), "boolean", [True, None], 0),
    (pa.array([1, 0, 2]), "boolean", [True, False], 1),
    (pa.array(["x", None, "x"]).dictionary_encode(), "category", ["x", None, "x"], 0),
    (pa.array([1.0, NAN]), "category", ["1", None], 0),
    (pa.array(["a", None], pa.large_string()), "string", ["a", None], 0),
    (
        pa.array([date(2013, 7, 1), date(1, 1, 1)]),
        "timestamp",
        [datetime(2013, 7, 1, 4, tzinfo=UTC)],
        1,
    ),
    (
        pa.array([datetime(2013, 7, 1), None]),
        "timestamp",
        [datetime(2013, 7, 1, 4, tzinfo=UTC), None],
        0,
    ),
    (
        pa.array([datetime(2013, 7, 1)], pa.timestamp("ns", "Asia/Kolkata")),
        "timestamp",
        [datetime(2013, 7, 1, tzinfo=UTC)],
        0,
    ),
    (
        pa.array(["2013-07-01T10:00Z", "2013-02-30"]),
        "timestamp",
        [datetime(2013, 7, 1, 10, tzinfo=UTC)],
        1,
    ),
    *[(pa.nulls(2), kind, [None, None], 0) for kind in ("integer", "category", "timestamp")],
]


@pytest.mark.parametrize(("values", "kind", "expected", "rejected"), COLUMNS)
def test_a_value_is_read_missing_or_rejected(
    takes: Reader, values: pa.Array, kind: ColumnType, expected: list[Any], rejected: int
) -> None:
    found = takes({"x": values}, {"x": kind})
    assert [value for (value,) in found.rows] == expected
    article = "an" if kind == "integer" else "a"
    assert [reason for _, reason in found.told] == [f"x: not {article} {kind}"] * rejected


def test_a_rejected_row_is_told_with_its_number_and_its_values(takes: Reader) -> None:
    columns = {
        "i": [1, 2, 3, 4],
        "f": [1.5, INF, None, -INF],
        "t": pa.array([0, 0, 0, 10**15]).cast(pa.timestamp("s")),
        "name": ["Ann", "Bob", "Cy", None],
        "note": ["p", "é", "q", None],
    }
    found = takes(columns, {"i": "integer", "f": "float", "t": "timestamp"}, personal=("name",))
    assert found.lines == [1, 3]
    assert found.told == [(2, "f: not a float"), (4, "f: not a float; t: not a timestamp")]
    shown = [json.loads(one.raw or b"") for one in found.broken]
    assert shown[0] == {
        "i": 2,
        "f": INF,
        "t": "1970-01-01 00:00:00.000",
        "name": "***",
        "note": "é",
    }
    assert (shown[1]["name"], "out of range" in shown[1]["t"]) == (None, True)


def test_modes_are_those_of_the_columns(takes: Reader) -> None:
    columns = {"x": ["1", "Private", "3"], "y": ["1.5", "2", "z"]}
    types: dict[str, ColumnType] = {"x": "integer", "y": "float"}
    found = takes(columns, types, modes={"x": "null"}, personal=("x",))
    assert found.rows == [(1, 1.5), (None, 2.0)]
    assert [(one.line, one.reasons) for one in found.nulled] == [
        (2, "x: not an integer, made null; ")
    ]
    assert found.told == [(3, "y: not a float")]
    with pytest.raises(DataError, match=r"x: not an integer.*fail \(line 2\)") as caught:
        takes(columns, types, modes={"x": "fail"})
    assert "Private" not in str(caught.value)


def test_texts_may_mean_that_a_value_is_missing(takes: Reader) -> None:
    texts = ["NA", "1", "", None, "NA"]
    for values in (
        pa.array(texts),
        pa.array(texts, pa.large_string()),
        pa.array(texts).dictionary_encode(),
    ):
        found = takes({"x": values}, {"x": "integer"}, missing=("NA", ""))
        assert found.rows == [(None,), (1,), (None,), (None,), (None,)]


def test_what_is_not_declared_is_text_whatever_it_is(takes: Reader) -> None:
    columns = {
        "x": [1, 2],
        "list": [[1, 2], None],
        "struct": [{"a": 1}, {"a": 2}],
        "bytes": [b"\xff", b"a"],
        "time": [datetime(2013, 7, 1), None],
        "number": [1.5, NAN],
    }
    found = takes(columns, {"x": "integer"}, others=(*list(columns)[1:], "elsewhere")).table
    texts = [found[f"_other_{place}"].to_pylist() for place in range(6)]
    assert texts == [
        ["[1, 2]", None],
        ["{'a': 1}", "{'a': 2}"],
        ["b'\\xff'", "b'a'"],
        ["2013-07-01 00:00:00.000000", None],
        ["1.5", None],
        [None, None],
    ]


REFUSED: list[tuple[pa.Array, ColumnType]] = [
    (pa.array([[1]]), "integer"),
    (pa.array([{"a": 1}]), "category"),
    (pa.array([1]), "timestamp"),
    (pa.array([datetime(2013, 7, 1)]), "float"),
]


@pytest.mark.parametrize(("values", "kind"), REFUSED)
def test_a_declared_column_of_another_kind_is_refused(
    takes: Reader, values: pa.Array, kind: ColumnType
) -> None:
    with pytest.raises(DataError, match=f"column 'x' holds .* read as {kind}; change its type"):
        takes({"x": values}, {"x": kind})


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    for content in (b"", b"a,b\n1,2\n", b"PAR1" * 10):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"file\.parquet' cannot be read as Parquet"):
            tables.header(path)
    with pytest.raises(DataError, match=r"gone\.parquet' cannot be read as Parquet"):
        tables.header(tmp_path / "gone.parquet")


@pytest.mark.parametrize("codec", ["none", "zstd", "snappy"])
def test_a_file_with_damaged_pages_is_told(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "file.parquet"
    texts = [f"text {number}" for number in range(1_000)]
    pq.write_table(pa.table({"x": texts}), path, compression=codec, use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"file\.parquet' is damaged: .*; fetch or write it again"):
        list(tables.chunks(path, (), ["x"], plain({"x": "string"})))


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(table, tmp_path / "file.parquet")
    with pytest.raises(DataError, match="names 'x' more than once"):
        tables.header(tmp_path / "file.parquet")


def test_a_checksum_that_is_there_is_held(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(
        pa.table({"x": ["text " * 20]}),
        path,
        compression="none",
        use_dictionary=False,
        write_page_checksum=True,
        write_statistics=False,
    )
    path.write_bytes(path.read_bytes().replace(b"text", b"test", 1))
    with pytest.raises(DataError, match=r"is damaged: .*CRC"):
        list(tables.chunks(path, (), ["x"], plain({"x": "string"})))


def test_a_file_without_rows_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"x": pa.array([], pa.int64())}), path)
    chunks = tables.chunks(path, (), ["x"], plain({"x": "integer"}))
    assert [chunk.rows.num_rows for chunk in chunks] in ([], [0])
