"""Where records begin and end, at which line, and which are no rows."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.data import records as module
from {{ cookiecutter.__package }}.data.fields import join, split
from {{ cookiecutter.__package }}.data.records import records
from {{ cookiecutter.__package }}.errors import DataError

Told = list[tuple[int, bytes]]
BLOCKS = (1, 7, 64, 1_000, 1 << 22)
MISQUOTED = "closes a quote inside a field"
ALONE = "holds a carriage return"
NUL = "holds a NUL byte"
NOT_UTF8 = "is not utf-8"


def cut(content: bytes, **settings: Any) -> tuple[Told, list[tuple[int, str, bytes]]]:
    """Line and bytes of each record; line, reason and bytes of each broken one."""
    given = {"delimiter": ",", "quote": '"', "encoding": "utf-8"} | settings
    whole, broken = [], []
    for run in records(io.BytesIO(content), **given):
        raws = [run.raw(place) for place in range(len(run))]
        whole += list(zip(run.lines.tolist(), raws, strict=True))
        broken += [(one.line, one.reasons, one.raw or b"") for one in run.broken]
        if broken:  # what goes on is a file of the good records
            again, none = cut(run.content, **settings)
            assert ([raw for _, raw in again], none) == (raws, [])
    return whole, broken


@pytest.fixture(params=BLOCKS)
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in blocks of so many bytes."""
    monkeypatch.setattr(module, "BLOCK", request.param)


# a file → line and bytes of its records
WHOLE: dict[str, tuple[bytes, Told]] = {
    "plain": (b"a,b\n1,x\n", [(1, b"a,b"), (2, b"1,x")]),
    "without a last line end": (b"a,b\n1,x", [(1, b"a,b"), (2, b"1,x")]),
    "CRLF": (b"a,b\r\n1,x\r\n", [(1, b"a,b"), (2, b"1,x")]),
    "mixed line ends": (b"a,b\r\n1,x\n2,y\r\n", [(1, b"a,b"), (2, b"1,x"), (3, b"2,y")]),
    "blank lines": (b"\n\na,b\n\r\n1,x\n\n", [(3, b"a,b"), (5, b"1,x")]),
    "only blank lines": (b"\n\r\n\n", []),
    "nothing": (b"", []),
    "spaces are a record": (b"a\n \n", [(1, b"a"), (2, b" ")]),
    "quoted line ends": (
        b'a,b\n"1\n\n2","\r\n"\n3,x\n',
        [(1, b"a,b"), (2, b'"1\n\n2","\r\n"'), (6, b"3,x")],
    ),
    "doubled quotes": (b'"a""\n","""",""\nb\n', [(1, b'"a""\n","""",""'), (3, b"b")]),
    "a quoted nothing": (b'a\n""\n', [(1, b"a"), (2, b'""')]),
    "inches": (b'5" pipe,6""\n7" ,"a"\n', [(1, b'5" pipe,6""'), (2, b'7" ,"a"')]),
    "inches at the end of a field": (b'5",6"\n"a\n",7\n', [(1, b'5",6"'), (2, b'"a\n",7')]),
    "a space before a quote": (b'a, "b\n1,"x"\n', [(1, b'a, "b'), (2, b'1,"x"')]),
    "returns in quotes": (b'"a\rb",c\n', [(1, b'"a\rb",c')]),
    "letters of many bytes": (
        "é,日本\n🙂,x\n".encode(),
        [(1, "é,日本".encode()), (2, "🙂,x".encode())],
    ),
}


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize("name", WHOLE)
def test_records_end_where_a_line_ends_outside_quotes(name: str) -> None:
    content, expected = WHOLE[name]
    assert cut(content) == (expected, [])


# a record between two good ones → why it is no row
BROKEN = [
    (b'"x"y', MISQUOTED),
    (b'1,"x" ,2', MISQUOTED),
    (b'1,"x"y,"z\r', MISQUOTED),
    (b'1,""x,"', MISQUOTED),
    (b'"1\n2"3,"', MISQUOTED),
    (b'"a\n""b"c', MISQUOTED),
    (b"1\r2", ALONE),
    (b'"1"\r2', ALONE),
    (b"1,x\r\r", ALONE),
    (b"1,\0", NUL),
    (b'1,"\0\n"', NUL),
    (b"1,caf\xe9", NOT_UTF8),
    (b'1,"\n\xff\xfe"', NOT_UTF8),
    (b"1,\xc3", NOT_UTF8),
    (b"1,\xed\xa0\x80", NOT_UTF8),
    (b'\xff\0"x"y\r', NOT_UTF8),
]


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize(("record", "reason"), BROKEN)
def test_a_record_that_is_no_row_is_set_aside_alone(record: bytes, reason: str) -> None:
    whole, ((line, told, raw),) = cut(b'a,b\n"\n",x\n' + record + b'\n3,"z"\n')
    assert whole == [(1, b"a,b"), (2, b'"\n",x'), (5 + record.count(b"\n"), b'3,"z"')]
    assert (line, raw) == (4, record.removesuffix(b"\r"))
    assert told.startswith(reason)
    assert "; " not in told  # which parts reasons


@pytest.mark.usefixtures("_block")
def test_every_byte_is_a_latin_1_letter() -> None:
    assert cut(b"caf\xe9\n\xff\n", encoding="latin-1") == ([(1, b"caf\xe9"), (2, b"\xff")], [])


@pytest.mark.usefixtures("_block")
def test_without_quotes_every_line_is_a_record() -> None:
    assert cut(b'"a\nb"c\n', quote=None) == ([(1, b'"a'), (2, b'b"c')], [])


@pytest.mark.parametrize(("delimiter", "quote"), [(";", "'"), ("\t", '"'), ("|", "$"), (" ", "^")])
def test_delimiter_and_quote_are_those_given(delimiter: str, quote: str) -> None:
    content = f"a,b{delimiter}{quote}x\n{delimiter}{quote}\n1\n".encode()
    assert cut(content, delimiter=delimiter, quote=quote) == (
        [(1, content.split(b"\n1\n")[0]), (3, b"1")],
        [],
    )


ENDLESS = [
    (b'a,b\n1,x\n2,"y\n3,z\n', "a quote opens in the record at line 3 and does not close"),
    (b'a,b\n"1\n2",x\n3,"z', "a quote opens in the record at line 4 and does not close"),
    (b'a,b\n"""', "a quote opens in the record at line 2"),
]


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize(("content", "message"), ENDLESS)
def test_a_quote_that_never_closes_is_told_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        cut(content)


def test_a_record_that_does_not_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 64)
    monkeypatch.setattr(module, "LONGEST", 1_000)
    with pytest.raises(DataError, match="line 2 does not end; end lines with LF or CRLF"):
        cut(b"a\n" + b"x\r" * 2_000)
    with pytest.raises(DataError, match=r"the record at line 2 .* does not close"):
        cut(b'a\n"' + b"x\n" * 2_000 + b'"\n')
    assert cut(b"a\n" + b"x" * 900 + b"\n")[0][1] == (2, b"x" * 900)


def test_a_long_field_is_one_field() -> None:
    long = b"y" * (5 << 20)
    assert cut(b"a,b\n1," + long + b"\n2,z\n") == (
        [(1, b"a,b"), (2, b"1," + long), (3, b"2,z")],
        [],
    )


CELLS = ["", "x", "1.5", "a,b", 'say "hi"', "two\nlines", "\r\n", '"', "é🙂", " s ", "'", "\n\n"]


def well_formed(source: np.random.Generator) -> tuple[bytes, list[list[str]], list[int]]:
    """A file, its rows, and the line on which each begins."""
    text, rows, lines = "", [], []
    for _ in range(source.integers(12)):
        end = ("\n", "\r\n")[source.integers(2)]
        if source.random() < 0.2:
            text += end
            continue
        row = [CELLS[place] for place in source.integers(len(CELLS), size=source.integers(1, 5))]
        lines.append(text.count("\n") + 1)
        rows.append(row)
        if source.random() < 0.5:
            row_text = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row)
        else:
            row_text = join(row, ",", '"') or '""'
        text += row_text + end
    return text.encode(), rows, lines


@pytest.mark.usefixtures("_block")
def test_well_formed_files_are_cut_as_csvs_own_reader_cuts_them() -> None:
    for seed in range(30):
        content, rows, lines = well_formed(np.random.default_rng(seed))
        reader = csv.reader(io.StringIO(content.decode(), newline=""))
        assert [row for row in reader if row] == rows
        whole, broken = cut(content)
        assert [line for line, _ in whole] == lines
        assert [split(raw.decode(), ",", '"') for _, raw in whole] == rows
        assert broken == []


PARTS = (b"a", b",", b",", b'"', b'"', b'"', b"\n", b"\n", b"\r\n", b" ")


def judged(content: bytes) -> Iterator[tuple[int, bytes, str]]:
    """Line, bytes and quality of each record, found one character after the other."""
    state, begun, line = "field", 0, 1
    for place, byte in enumerate(content):
        one = chr(byte)
        if state == "quoted":
            state = "closing" if one == '"' else state
        elif one == "\n":
            record = content[begun : place + 1]
            yield line, record[:-1].removesuffix(b"\r"), "bad" if state == "spoiled" else "good"
            state, begun, line = "field", place + 1, line + record.count(b"\n")
        elif state == "closing":
            state = {'"': "quoted", ",": "field", "\r": "plain"}.get(one, "spoiled")
        elif one == "," and state != "spoiled":
            state = "field"
        elif state == "field":
            state = "quoted" if one == '"' else "plain"
    if begun < len(content):
        yield line, content[begun:], "endless"


@pytest.mark.usefixtures("_block")
def test_hostile_text_is_cut_as_one_character_after_the_other_says() -> None:
    for seed in range(80):
        source = np.random.default_rng(seed)
        parts = source.integers(len(PARTS), size=source.integers(60))
        content = b"".join(PARTS[place] for place in parts) + b"\n"
        expected = list(judged(content))
        if expected[-1][2] == "endless":
            with pytest.raises(DataError, match=f"line {expected[-1][0]} and does not close"):
                cut(content)
            continue
        whole, broken = cut(content)
        good = [(line, raw) for line, raw, kind in expected if kind == "good" and raw]
        bad = [(line, raw) for line, raw, kind in expected if kind == "bad"]
        assert (whole, [(line, raw) for line, _, raw in broken]) == (good, bad)
