"""Files as programs write them, read as they are meant or refused with the reason."""

import gzip
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import (
    READERS,
    CsvSource,
    JsonlSource,
    ParquetSource,
    parse_source,
)
from {{ cookiecutter.__package }}.data import delimited
from {{ cookiecutter.__package }}.data.cast import Form
from {{ cookiecutter.__package }}.data.rows import Chunk, Layout, read_rows
from {{ cookiecutter.__package }}.errors import DataError

from ..conftest import PACKAGE, ROOT

FORMS = {"a": Form(type="string"), "b": Form(type="string")}


def chunks_of(path: Path, source: Any, forms: dict[str, Form] | None = None) -> list[Chunk]:
    layout = Layout(source=source, forms=forms or FORMS, personal=frozenset(), zone="UTC")
    return list(read_rows(path, layout))


def table_of(chunks: list[Chunk]) -> list[tuple[Any, ...]]:
    return [row for chunk in chunks for row in chunk.rows.drop("_record").rows()]


def numbers_of(chunks: list[Chunk]) -> list[int]:
    return [number for chunk in chunks for number in chunk.rows["_record"]]


def rejected(chunks: list[Chunk]) -> list[tuple[int, str]]:
    return [row for c in chunks for row in c.rejected.select("_record", "_reasons").rows()]


def csv_of(path: Path, content: str | bytes, **settings: Any) -> list[Chunk]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return chunks_of(path, CsvSource(csv=str(path), **settings))


ROWS = [("1", "x"), ("2", "é, y")]
TEXT = 'a,b\n1,x\n2,"é, y"\n'
# what a file holds, what its source says → the same two rows
READ: dict[str, tuple[bytes, dict[str, Any]]] = {
    "plain": (TEXT.encode(), {}),
    "byte order mark": (b"\xef\xbb\xbf" + TEXT.encode(), {}),
    "windows": (TEXT.replace("\n", "\r\n").encode(), {}),
    "blank lines": (TEXT.replace("\n", "\n\n").encode(), {}),
    "gzip": (gzip.compress(TEXT.encode()), {}),
    "cp1252": (TEXT.encode("cp1252"), {"encoding": "cp1252"}),
    "utf-16": (TEXT.encode("utf-16"), {"encoding": "utf-16"}),
    "another column": ('a,c,b\n1,0,x\n2,0,"é, y"\n'.encode(), {}),
    "tabs, no quotes": ("a\tb\n1\tx\n2\té, y\n".encode(), {"delimiter": "\t", "quote": None}),
    "single quotes": ("a,b\n1,x\n2,'é, y'\n".encode(), {"quote": "'"}),
    "escapes": ("a,b\n1,x\n2,é\\, y\n".encode(), {"escape": "\\"}),
    "sep line": (f"sep=,\n{TEXT}".encode(), {"skip_above": 1}),
    "comments": (f"# from us\n# in m\n{TEXT}".encode(), {"comment": "#"}),
    "trailing delimiters": (b"a,b\n1,x,\n2," + '"é, y",\n'.encode(), {"trailing_delimiter": True}),
}


@pytest.mark.parametrize("how", READ)
def test_rows_are_read_as_they_are_written(tmp_path: Path, how: str) -> None:
    content, settings = READ[how]
    chunks = csv_of(tmp_path / "file.csv", content, **settings)
    assert table_of(chunks) == ROWS
    assert rejected(chunks) == []


def test_records_have_numbers_whatever_is_no_row(tmp_path: Path) -> None:
    content = b'a,b\n1,"two\nlines"\n\nshort\n3,"a ""word"""\n4,z,long,er\n5,\n6,\xe9\n7,\x00\n'
    chunks = csv_of(tmp_path / "f.csv", content)
    assert table_of(chunks) == [("1", "two\nlines"), ("3", 'a "word"'), ("5", None)]
    assert numbers_of(chunks) == [1, 3, 5]
    assert sorted(rejected(chunks)) == [
        (2, "1 field, and the header has 2"),
        (4, "4 fields, and the header has 2"),
        (6, "is not in the source's encoding, or holds NUL"),
        (7, "is not in the source's encoding, or holds NUL"),
    ]


def test_many_blocks_number_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1 << 12)
    lines = [f"{n},x" if n % 7 else f"{n}" for n in range(1, 5_000)]
    chunks = csv_of(tmp_path / "f.csv", "a,b\n" + "\n".join(lines))
    assert len(chunks) > 5
    assert numbers_of(chunks) == [n for n in range(1, 5_000) if n % 7]
    assert table_of(chunks) == [(str(n), "x") for n in range(1, 5_000) if n % 7]
    assert [n for n, _ in rejected(chunks)] == list(range(7, 5_000, 7))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["is empty"]),
        (b"a,a\n1,2\n", ["names 'a' more than once"]),
        (b"a\n1\n", ["has no column 'b'", "its columns are a"]),
        (b"\xff\xfe\x00,b\n1,2\n", ["the first line", "encoding"]),
        (b'a,b\n1,"open\n2,x\n3,y\n', ["record at line 2", "double quotes inside a text"]),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 99_999)[:-9], ["damaged or cut off gzip"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, words: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        csv_of(tmp_path / "file.csv", content)
    assert [word for word in [*words, "file.csv"] if word not in str(caught.value)] == []


def test_what_stands_for_missing_goes_by_the_column(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("a,b\nNA,NA\n,\nNone,x\n")
    markers = {"missing": ("", "NA"), "missing_by_column": {"b": ("", "None")}}
    source = CsvSource.model_validate({"csv": str(path)} | markers)
    forms = {name: Form(type="string", missing=source.missing_in(name)) for name in "ab"}
    assert table_of(chunks_of(path, source, forms)) == [(None, "NA"), (None, None), ("None", "x")]


def test_parquet_is_read_by_its_types_and_text_may_be_bytes(tmp_path: Path) -> None:
    columns = {
        "text": pa.array([b"x", "é".encode(), b"\xff", None], pa.binary()),
        "few": pa.array(["a", "NA", "a", "b"]).dictionary_encode(),
        "number": pa.array([1.0, 2.5, 3.0, float("nan")]),
        "list": pa.array([[1], [2], None, []]),
    }
    forms = {name: Form(type="category", missing=("NA",)) for name in ("text", "few")}
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table(columns), path)
    source = ParquetSource(parquet=str(path), missing=("NA",))
    chunks = chunks_of(path, source, {"number": Form(type="float")} | forms)
    assert table_of(chunks) == [(1.0, "x", "a"), (2.5, "é", None), (None, None, "b")]
    assert rejected(chunks) == [(3, "is not in the source's encoding, or holds NUL")]


def test_json_lines_are_texts_as_a_file_would_hold_them(tmp_path: Path) -> None:
    lines = [
        {"a": 1.50, "b": True},
        {"b": None, "c": 7},
        {"a": "x", "b": [1, 2]},
        {"a": 12345678901234567890, "b": "é"},
    ]
    content = "\n".join(map(json.dumps, lines)).replace("1.5", "1.50")
    path = tmp_path / "f.jsonl"
    path.write_bytes(gzip.compress((content + '\n\n{"a": \n[1]\n').encode()))
    chunks = chunks_of(path, JsonlSource(jsonl=str(path)))
    assert table_of(chunks) == [
        ("1.50", "true"),
        (None, None),
        ("x", '["1", "2"]'),
        ("12345678901234567890", "é"),
    ]
    assert rejected(chunks) == [(5, "is no JSON object"), (6, "is no JSON object")]


def test_excel_is_a_function_and_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/howto/add-a-source.md says."""
    openpyxl = pytest.importorskip("openpyxl")
    page = (ROOT / "docs" / "howto" / "add-a-source.md").read_text()
    (function,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    ((kind, reader),) = re.findall(r'\+ +"(excel)": "(.*)",\n', page)
    module = ModuleType(f"{PACKAGE}.{reader.removesuffix('.read')}")
    module.__package__ = f"{PACKAGE}.data"
    exec(function, vars(module))  # noqa: S102 - it is the page's
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(READERS, kind, reader)
    book, path = openpyxl.Workbook(), tmp_path / "rows.xlsx"
    for row in (["a", "b"], [1, "x"], [2.0, None], ["many", "y"]):
        book.active.append(row)
    book.save(path)
    chunks = chunks_of(path, parse_source(f"{kind}: {path}"), {"a": Form(type="integer")})
    assert table_of(chunks) == [(1,), (2,)]
    assert rejected(chunks) == [(3, "a: not an integer")]
