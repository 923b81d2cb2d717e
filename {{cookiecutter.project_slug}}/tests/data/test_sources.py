"""What a file of text is read as, however it was written."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ibis.backends.duckdb import Backend

from {{ cookiecutter.__package }}.contract import Source
from {{ cookiecutter.__package }}.data.sources import (
    ROW,
    RawSource,
    connect,
    read,
)
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import text_of

Reader = Callable[..., RawSource]
ROWS = [{"a": "1", "b": "x"}, {"a": "2", "b": "y z"}]


@pytest.fixture
def reads(engine: Backend, tmp_path: Path) -> Iterator[Reader]:
    """Reads columns ``a`` and ``b`` of a file with the content and the settings given."""

    def reader(content: str | bytes, name: str = "file.csv", **settings: Any) -> RawSource:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        source = Source(csv=path, **settings)
        return read(engine, "s", source, {"a": "string", "b": "string"}, path)

    yield reader
    engine.drop_table("s", force=True)
    engine.drop_table("s.malformed", force=True)


def cells(raw: RawSource) -> list[tuple[Any, ...]]:
    others = [name for name in raw.record if name.startswith("_column_")]
    ordered = raw.table.drop(*others).order_by(ROW).to_pyarrow().to_pylist()
    assert [row.pop(ROW) for row in ordered] == list(range(1, len(ordered) + 1))
    return [tuple(row[name] for name in sorted(row)) for row in ordered]


def lines(raw: RawSource) -> list[int]:
    return [int(row["line"]) for row in raw.malformed.to_pyarrow().to_pylist()]


SAME: list[tuple[str, str]] = [
    ("as it is", text_of(ROWS)),
    ("columns in another order", text_of(ROWS, ["b", "a"])),
    ("CRLF", text_of(ROWS, newline="\r\n")),
    ("CR", text_of(ROWS, newline="\r")),
    ("a byte order mark", "\ufeff" + text_of(ROWS)),
    ("a mark and a quoted header", '\ufeff"a","b"\n1,x\n2,y z\n'),
    ("all quoted", '"a","b"\n"1","x"\n"2","y z"\n'),
    ("no last line ending", text_of(ROWS).rstrip("\n")),
    ("blank lines", "a,b\n1,x\n\n2,y z\n\n\n"),
    ("more columns", "c,b,d,a\n,x,7,1\n,y z,8,2\n"),
    ("an index without a name", ",a,b\n0,1,x\n1,2,y z\n"),
    ("a column that differs in case", "A,a,b,B\n5,1,x,5\n5,2,y z,5\n"),
    ("delimiters at the end", "a,b,,\n1,x,,\n2,y z,,\n"),
    ("a header of two lines", 'a,b,"c\nd"\n1,x,3\n2,y z,4\n'),
    ("a column named as ours", "_source_row,a,b\n9,1,x\n9,2,y z\n"),
    ("odd names", 'a,b,it\'s {odd},"q"""\n1,x,,\n2,y z,,\n'),
]


@pytest.mark.parametrize(("how", "content"), SAME, ids=[how for how, _ in SAME])
def test_rows_are_the_same_however_they_are_written(reads: Reader, how: str, content: str) -> None:
    raw = reads(content)
    assert cells(raw) == [("1", "x"), ("2", "y z")]
    assert lines(raw) == []


# a cell as written → as read
CELLS = [
    ('"p,q"', "p,q"),
    ('"p\nq"', "p\nq"),
    ('"p\r\nq"', "p\r\nq"),
    ('"say ""hi"""', 'say "hi"'),
    ('5" pipe', '5" pipe'),
    ("p\\q", "p\\q"),
    ("'p", "'p"),
    (" p ", " p "),
    ("# p", "# p"),
    ("NULL", "NULL"),
    ("nan", "nan"),
    ("0012", "0012"),
    ("naïve 日本 🙂", "naïve 日本 🙂"),
    ("", None),
    ('""', None),
]


@pytest.mark.parametrize(("written", "expected"), CELLS)
def test_a_cell_is_the_text_between_its_delimiters(
    reads: Reader, written: str, expected: str | None
) -> None:
    raw = reads(f"a,b\n{written},x\n2,y\n")
    assert cells(raw) == [(expected, "x"), ("2", "y")]


# records that are no rows → the lines on which they are
MALFORMED: list[tuple[str | bytes, list[int]]] = [
    ("a,b\n1,x\n2\n3,z\n", [3]),
    ("a,b\n1,x\n2,y,9\n3,z\n", [3]),
    ('a,b\n1,x\n2,"y"y\n3,z\n', [3]),
    ('a,b\n1,x\n2,"y\n5,w\n6,"v\n3,z\n', [3]),
    ('a,b\n1,x\n3,z\n2,"y\n', [4]),
    (b"a,b\n1,x\n2,caf\xe9\n3,z\n", [3]),
    (b"a,b\n1,x\n2,\xff\xfe\n3,z\n", [3]),
    ("a,b\n1,x\n3,z\n\x1a", [4]),
    ("a,b\n1,x\n2," + "y" * 2_100_000 + "\n3,z\n", [3]),
]


@pytest.mark.parametrize(("content", "expected"), MALFORMED)
def test_a_record_that_is_no_row_is_set_aside_with_its_line(
    reads: Reader, content: str | bytes, expected: list[int]
) -> None:
    raw = reads(content)
    assert cells(raw) == [("1", "x"), ("3", "z")]
    assert lines(raw) == expected
    texts = raw.malformed.to_pyarrow().to_pylist()
    assert all(row["text"] and row["reasons"] for row in texts)


def test_delimiters_with_nothing_behind_them_cost_nothing(reads: Reader) -> None:
    raw = reads("a,b\n1,x,\n2,y,,,\n")
    assert cells(raw) == [("1", "x"), ("2", "y")]
    assert lines(raw) == []


def test_bad_bytes_far_into_a_file_are_treated_as_those_at_its_start(reads: Reader) -> None:
    raw = reads(b"a,b\n" + b"1,x\n" * 20_000 + b"2,caf\xe9\n3,z\n")
    assert len(cells(raw)) == 20_001
    assert lines(raw) == [20_002]


REFUSED: list[tuple[str | bytes, str]] = [
    ("", "is empty"),
    ("\na,b\n1,x\n", "is empty"),
    ("a\n1\n", "has no column 'b'; its columns are a"),
    ("a , b\n1,x\n", "has no column 'a', 'b'"),
    ("a;b\n1;x\n", "has no column 'a', 'b'; its columns are a;b"),
    ("a,b,a\n1,x,2\n", "names 'a' more than once"),
    (b"a,b,caf\xe9\n1,x,2\n", "is not utf-8; set its encoding"),
    ("a,b\n1,x\n".encode("utf-16"), "is not utf-8; set its encoding"),
    ("a,b," + "c" * 200_000, "delimiter"),
    ("a,b\n1,x\r\n2,y\n", "one kind of line ending"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_a_file_that_cannot_be_read_is_refused(
    reads: Reader, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        reads(content)
    assert "file.csv" in str(caught.value)
    assert message in str(caught.value)


def test_utf_16_without_a_mark_is_refused_with_what_to_do(reads: Reader) -> None:
    with pytest.raises(DataError, match="BOM; set its encoding"):
        reads("a,b\n1,x\n".encode("utf-16-le"), encoding="utf-16")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_declared_encoding_is_read(reads: Reader, encoding: str) -> None:
    assert cells(reads("a,b\n1,é\n".encode(encoding), encoding=encoding)) == [("1", "é")]


def test_only_the_declared_texts_are_missing(reads: Reader) -> None:
    raw = reads("a;b\nNA;it's\n;1,2\nna;-\n", delimiter=";", missing=("NA", "1,2", "it's"))
    assert cells(raw) == [(None, None), ("", None), ("na", "-")]


@pytest.mark.parametrize("name", ["f[1].csv", "f*.csv", "f?.csv", "it's.csv", "[!a]{b,c}.csv"])
def test_a_file_name_is_no_pattern(reads: Reader, tmp_path: Path, name: str) -> None:
    for decoy in ("f1.csv", "fX.csv", "bb.csv", "bc.csv"):
        (tmp_path / decoy).write_text("a,b\n9,decoy\n")
    assert cells(reads("a,b\n1,x\n", name)) == [("1", "x")]


def test_what_is_not_compressed_but_says_so_is_refused(reads: Reader) -> None:
    with pytest.raises(DataError, match="uncompressed"):
        reads("a,b\n1,x\n", "file.csv.gz")


def test_a_missing_file_is_named(engine: Backend, tmp_path: Path) -> None:
    path = tmp_path / "gone.csv"
    with pytest.raises(DataError, match=r"gone\.csv' does not exist"):
        read(engine, "s", Source(csv=path), {"a": "string"}, path)


def test_order_is_kept_over_more_rows_than_one_chunk(reads: Reader) -> None:
    count = 300_000
    raw = reads("a,b\n" + "".join(f'{i},"line\n{i}"\n' for i in range(count)))
    disorder = raw.table.filter(raw.table.a.cast("int64") + 1 != raw.table[ROW])
    assert raw.table.count().execute() == count
    assert disorder.count().execute() == 0


def test_days_are_those_of_the_contracts_zone(tmp_path: Path) -> None:
    engine = connect(tmp_path / "e.duckdb", "1.5 GiB", "Asia/Kathmandu")
    zone = engine.raw_sql("select current_setting('TimeZone')").fetchone()
    engine.disconnect()
    assert zone == ("Asia/Kathmandu",)
