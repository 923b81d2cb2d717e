"""What delimited text is read as, however it was written, and what is told of the rest."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.contract import CsvSource, Mode
from {{ cookiecutter.__package }}.data import records
from {{ cookiecutter.__package }}.data.delimited import header
from {{ cookiecutter.__package }}.errors import DataError

from .conftest import text_of
from .reading import Read

Reader = Callable[..., Read]
ROWS = [{"a": "1", "b": "x"}, {"a": "2", "b": "y z"}]
SAME: dict[str, str] = {
    "as it is": text_of(ROWS),
    "columns in another order": text_of(ROWS, ["b", "a"]),
    "CRLF": text_of(ROWS, newline="\r\n"),
    "mixed line ends": "a,b\r\n1,x\n2,y z\r\n",
    "a byte order mark": "\ufeff" + text_of(ROWS),
    "a mark and a quoted header": '\ufeff"a","b"\n1,x\n2,y z\n',
    "all quoted": '"a","b"\n"1","x"\n"2","y z"\n',
    "no last line end": text_of(ROWS).rstrip("\n"),
    "blank lines": "\n\r\na,b\n1,x\n\n2,y z\n\n\n",
    "more columns": "c,b,d,a\n,x,7,1\n,y z,8,2\n",
    "columns without a name": ",a,,b\n0,1,,x\n1,2,,y z\n",
    "a column that differs in case": "A,a,b,B\n5,1,x,5\n5,2,y z,5\n",
    "delimiters at the end": "a,b,,\n1,x,,\n2,y z,,\n",
    "a header of two lines": 'a,b,"c\nd"\n1,x,3\n2,y z,4\n',
    "columns named as ours": "_source_row,a,b,_other_0,_line\n9,1,x,5,7\n9,2,y z,5,8\n",
    "odd names": 'a,b,it\'s {odd},"q"""\n1,x,,\n2,y z,,\n',
    "a long header": f"a,b,{'c' * 200_000}\n1,x,\n2,y z,\n",
}


@pytest.mark.parametrize("how", SAME)
def test_rows_are_the_same_however_they_are_written(reads: Reader, how: str) -> None:
    found = reads(SAME[how])
    assert found.rows == [("1", "x"), ("2", "y z")]
    assert found.broken == []


def test_rows_know_their_lines(reads: Reader) -> None:
    found = reads('\n"a\n",b,a\n1,x,\n\n2,"y\n\nz",\n3\n4,"\r\n",\n5\n')
    assert (found.lines, found.told) == (
        [4, 6, 10],
        [(9, "1 field, and the header has 3"), (12, "1 field, and the header has 3")],
    )


# a cell as written → as read
CELLS = [
    ('"p,q"', "p,q"),
    ('"p\nq"', "p\nq"),
    ('"p\r\nq"', "p\r\nq"),
    ('"p\rq"', "p\rq"),
    ('"say ""hi"""', 'say "hi"'),
    ('5" pipe', '5" pipe'),
    ('5""', '5""'),
    ("p\\q", "p\\q"),
    ("'p", "'p"),
    (" p ", " p "),
    (' "p"', ' "p"'),
    ("# p", "# p"),
    ("NULL", "NULL"),
    ("nan", "nan"),
    ("0012", "0012"),
    ("0x1F", "0x1F"),
    ("=1+1", "=1+1"),
    ("naïve 日本 🙂", "naïve 日本 🙂"),
    ("", None),
    ('""', None),
    ("y" * 2_100_000, "y" * 2_100_000),
]


@pytest.mark.parametrize(("written", "expected"), CELLS)
def test_a_cell_is_the_text_between_its_delimiters(
    reads: Reader, written: str, expected: str | None
) -> None:
    found = reads(f"a,b\n{written},x\n2,y\n")
    assert found.rows == [(expected, "x"), ("2", "y")]


SHORT, LONG = "1 field, and the header has 2", "3 fields, and the header has 2"
MISQUOTED = "closes a quote inside a field: double the quotes inside a text"
# records that are no rows → line and reason of each
BROKEN: list[tuple[str | bytes, list[tuple[int, str]]]] = [
    ("a,b\n1,x\n2\n3,z\n", [(3, SHORT)]),
    ("a,b\n1,x\n2,y,9\n3,z\n", [(3, LONG)]),
    ("a,b\n1,x\n2,y,\n3,z\n", [(3, LONG)]),
    ("a,b\r\n1,x\r\n2\r\n,,\r\n3,z\r\n", [(3, SHORT), (4, LONG)]),
    ('a,b\n1,x\n2,"y"y\n3,z\n', [(3, MISQUOTED)]),
    ('a,b\n1,x\n2,"y\n5,w\n6,"v\n3,z\n', [(3, MISQUOTED)]),
    (b"a,b\n1,x\n2,caf\xe9\n3,z\n", [(3, "is not utf-8")]),
    (b"a,b\n1,x\n2,\xff\xfe\n3,z\n", [(3, "is not utf-8")]),
    (b"a,b\n1,x\n2,\0\n3,z\n", [(3, "holds a NUL byte")]),
    ("a,b\n1,x\n3,z\n\x1a", [(4, SHORT)]),
    ("a,b\n1,x\n \n3,z\n", [(3, SHORT)]),
    (b"a,b\n1,x\n" + b"2,caf\xe9\n" * 3 + b"3,z\n", [(line, "is not utf-8") for line in (3, 4, 5)]),
]


@pytest.mark.parametrize(("content", "expected"), BROKEN)
def test_a_record_that_is_no_row_is_set_aside_with_its_line_and_bytes(
    reads: Reader, content: str | bytes, expected: list[tuple[int, str]]
) -> None:
    found = reads(content)
    assert found.rows == [("1", "x"), ("3", "z")]
    assert found.told == expected
    raw = content.encode() if isinstance(content, str) else content
    assert all(one.raw and one.raw in raw for one in found.broken)


def test_bad_bytes_far_into_a_file_are_treated_as_those_at_its_start(reads: Reader) -> None:
    found = reads(b"a,b\n" + b"1,x\n" * 20_000 + b"2,caf\xe9\n3,z\n")
    assert (len(found.rows), found.told) == (20_001, [(20_002, "is not utf-8")])


REFUSED: list[tuple[str | bytes, str]] = [
    ("", "is empty; its first line must name the columns"),
    ("\n\r\n", "is empty"),
    ("a,b,a\n1,x,2\n", "names 'a' more than once"),
    ("a,b,(column 4),\n", r"names '\(column 4\)' more than once"),
    (b"a,b,caf\xe9\n1,x,2\n", r"first line .* is not utf-8\. It must .* encoding"),
    ("a,b\n1,x\n".encode("utf-16"), r"first line .* is not utf-8\. It must .* encoding"),
    ("a,b\n1,x\n".encode("utf-16-le"), r"first line .* holds a NUL byte\. It must .* encoding"),
    ('a,"b"x\n1,x\n', r"first line .* closes a quote inside a field.* quote$"),
    ("a,b\r1,x\r", r"first line .* holds a carriage return.* LF"),
    ('a,"b\n1,x\n', "a quote opens in the record at line 1"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_a_file_that_does_not_name_its_columns_is_refused(
    reads: Reader, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=f"(?s){message}"):
        reads(content)


def test_names_are_as_they_are_written_but_for_spaces_around_them(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text('\n\na , b,"c,\nd",,e"\n1\n')
    assert header(path, CsvSource(csv="file.csv")) == ["a", "b", "c,\nd", "(column 4)", 'e"']


def test_spaces_stay_where_they_alone_tell_two_names_apart(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("a,a ,b \n1,2,3\n")
    assert header(path, CsvSource(csv="file.csv")) == ["a", "a ", "b "]


def test_a_header_alone_has_no_rows(reads: Reader) -> None:
    for content in ("a,b", "a,b\n", "a,b\n\n\r\n"):
        found = reads(content)
        assert (found.rows, found.broken, found.table["a"].type) == ([], [], "string")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_declared_encoding_is_read(reads: Reader, encoding: str) -> None:
    found = reads("a,b,ü\n1,é,\n2\n3,ÿ,\n".encode(encoding), encoding=encoding)
    assert found.rows == [("1", "é"), ("3", "ÿ")]
    assert found.told == [(3, "1 field, and the header has 3")]


def test_only_the_declared_texts_are_missing(reads: Reader) -> None:
    missing = ("NA", "1,2", "it's")
    found = reads('a;b\nNA;it\'s\n;1,2\nna;-\n"NA";NA \n', delimiter=";", missing=missing)
    assert found.rows == [(None, None), ("", None), ("na", "-"), (None, "NA ")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", "a", "\\"])
@pytest.mark.parametrize("quote", ['"', "'", "$"])
def test_delimiter_and_quote_are_those_declared(reads: Reader, delimiter: str, quote: str) -> None:
    rows = [["n", "b"], [f"1{delimiter}", f"{quote}x"], ["5' 5\"", "y\nz"], ["#", ""]]
    text = "".join(
        delimiter.join(f"{quote}{cell.replace(quote, quote * 2)}{quote}" for cell in row) + "\n"
        for row in rows
    )
    types = {"n": "string", "b": "category"}
    found = reads(text, types, delimiter=delimiter, quote=quote, missing=("NA",))
    assert [list(row) for row in found.rows] == rows[1:]


def test_without_quotes_a_quote_is_a_character(reads: Reader) -> None:
    found = reads('a;b\n"1;2"\n5";"\n', delimiter=";", quote=None)
    assert found.rows == [('"1', '2"'), ('5"', '"')]


def test_a_masked_value_is_not_there_and_the_rest_is_as_it_was(reads: Reader) -> None:
    lines = ['a,b,i,"z,"', 'Ann,"p, ""q""",one,"Ann\nLee"', "5\" Ann,'r',two,", ",,three,Ann"]
    types = {"a": "string", "b": "string", "i": "integer"}
    found = reads("\n".join(lines), types, personal=["a", "z,"])
    assert found.told == [
        (2, "i: not an integer"),
        (4, "i: not an integer"),
        (5, "i: not an integer"),
    ]
    assert [one.raw for one in found.broken] == [
        b'***,"p, ""q""",one,***',
        b"***,'r',two,***",
        b"***,,three,***",
    ]


WITHHELD = [b"Ann,1,2", b"Ann", b'"Ann"y,1', b"Ann\xff,1", b"Ann\0,1", b"Ann\r,1"]


@pytest.mark.parametrize("record", WITHHELD)
def test_of_a_record_that_is_no_row_nothing_personal_is_shown(reads: Reader, record: bytes) -> None:
    content = b"a,b\n" + record + b"\n1,2\n"
    (shown,) = reads(content).broken
    assert shown.raw == record
    (withheld,) = reads(content, personal=["b"]).broken
    assert (withheld.line, withheld.reasons, withheld.raw) == (2, shown.reasons, None)


def test_masks_keep_quote_encoding_and_delimiter(reads: Reader) -> None:
    types = {"a": "string", "i": "integer"}
    for settings in ({"quote": "'"}, {"quote": None}, {"encoding": "latin-1"}):
        content = "a;i;c\nAnn;x;é\n".encode(str(settings.get("encoding", "utf-8")))
        (row,) = reads(content, types, personal=["a"], delimiter=";", **settings).broken
        expected = b"***;x;" + content.split(b";")[-1].rstrip()
        assert row.raw == expected


def test_a_long_personal_field_is_masked_like_others(reads: Reader) -> None:
    long = "Ann " * csv.field_size_limit()
    types = {"a": "string", "i": "integer"}
    (row,) = reads(f'a,i\n"{long}",x\n', types, personal=["a"]).broken
    assert row.raw == b"***,x"


def test_a_value_that_is_not_of_its_type_does_what_its_column_says(reads: Reader) -> None:
    types = {"i": "integer", "f": "float", "s": "string"}
    modes: dict[str, Mode] = {"i": "null", "f": "reject"}
    content = "i,f,s\n1,1.5,a\nx,2.5,b\ny,z,c\n4,w,d\nv,,e\n"
    found = reads(content, types, modes=modes, personal=["s"])
    assert found.rows == [(1, 1.5, "a"), (None, 2.5, "b"), (None, None, "e")]
    assert found.told == [(4, "f: not a float"), (5, "f: not a float")]
    assert [(one.line, one.reasons, one.raw) for one in found.nulled] == [
        (3, "i: not an integer, made null; ", b"x,2.5,***"),
        (6, "i: not an integer, made null; ", b"v,,***"),
    ]


def test_a_value_stops_the_run_where_its_column_says_so(reads: Reader) -> None:
    content = 'i,f,s\n1,1.5,"a\n"\n2,2,b\nPrivate,2.5,b\n'
    types = {"i": "integer", "f": "float", "s": "string"}
    with pytest.raises(DataError) as caught:
        reads(content, types, modes={"i": "fail"}, personal=["i"])
    assert "i: not an integer, and its on_violation is fail (line 5)" in str(caught.value)
    assert "Private" not in str(caught.value)


def test_order_is_kept_over_many_runs_of_records(
    reads: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK", 10_000)
    count = 20_000
    text = "a,b\n" + "".join(f'{i},"line\n{i}"\n' if i % 1_000 else "bad\n" for i in range(count))
    found = reads(text, {"a": "integer", "b": "string"})
    numbers = [i for i in range(count) if i % 1_000]
    assert found.rows == [(i, f"line\n{i}") for i in numbers]
    lines = {i: 2 + 2 * i - (i + 999) // 1_000 for i in range(count)}
    assert found.lines == [lines[i] for i in numbers]
    assert [line for line, _ in found.told] == [lines[i] for i in range(0, count, 1_000)]
