"""How the texts of a file become typed values, fast or one by one: the values are the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
import pytest

from {{ cookiecutter.__package }}.contract import ColumnType
from {{ cookiecutter.__package }}.data import convert, delimited, records
from {{ cookiecutter.__package }}.data.fields import join
from {{ cookiecutter.__package }}.values import canonical_category

from .cells import CATEGORIES, KINDS
from .reading import Read

Reader = Callable[..., Read]
NEW_YORK = "America/New_York"
MISSING = ("", "NA")
TYPES: dict[str, ColumnType] = {
    "i": "integer",
    "f": "float",
    "b": "boolean",
    "t": "timestamp",
    "c": "category",
    "s": "string",
}
CANONICAL = {text: canonical_category(text) for text in CATEGORIES if "\0" not in text}
CELLS: dict[str, dict[str, Any]] = {
    **{name: KINDS[kind] for name, kind in TYPES.items() if kind in KINDS},
    "c": CANONICAL,
    "s": {text: text for text in CANONICAL},
}
PLAIN = {"i": "3", "f": "1.5", "b": "true", "t": "2013-03-11", "c": "yes", "s": "yes"}
SPOILED = [
    (b'1,"x"y,2', "closes a quote"),
    (b"1,\0", "holds a NUL byte"),
    (b"\xff", "is not utf-8"),
    (b"1\r2", "holds a carriage return"),
    (b"1,2,3,4,5", "5 fields"),
    (b"1,2,3,4,5,6,", "7 fields"),
]
Told = list[tuple[int, str]]


def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is plain, so that every text is judged by itself."""
    for module in (convert, delimited):
        monkeypatch.setattr(module, "plainly", lambda *_: None)
    monkeypatch.setattr(delimited, "_hexadecimal", lambda *_: True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_texts_value_is_that_of_the_pattern_of_its_type(reads: Reader, kind: ColumnType) -> None:
    cells = KINDS[kind]
    rows = [join([text, str(place)], ",", '"') for place, text in enumerate(cells)]
    found = reads("\n".join(["x,n", *rows]), {"x": kind, "n": "integer"}, zone=NEW_YORK)
    read = [value for value in cells.values() if value is not None]
    assert [value for value, _ in found.rows if value is not None] == read
    # a text without value is told, but for the one that says that there is none
    assert len(found.rows) == len(read) + ("" in cells)
    assert len(found.broken) == len(cells) - len(found.rows)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_that_are_read_fast_have_the_same_values(
    reads: Reader, kind: ColumnType, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = {text: value for text, value in KINDS[kind].items() if value is not None}
    monkeypatch.setattr(records, "BLOCK", 30)
    rows = [join([text, str(place)], ",", '"') for place, text in enumerate(cells)]
    found = reads("\n".join(["x,n", *rows]), {"x": kind, "n": "integer"}, zone=NEW_YORK)
    assert [value for value, _ in found.rows] == list(cells.values())


BLANKS: list[tuple[str, tuple[str, ...], list[Any]]] = [
    ("", ("",), [None]),
    ("", ("NA",), []),
    ("  ", ("",), []),
    ("  ", ("", "  "), [None]),
    ("NA", ("",), []),
    ("NA", ("NA",), [None]),
    ("NaN", ("NaN",), [None]),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("cell", "missing", "expected"), BLANKS)
def test_a_blank_is_missing_only_if_the_source_says_so(
    reads: Reader, kind: ColumnType, cell: str, missing: tuple[str, ...], expected: list[Any]
) -> None:
    found = reads(f'x,y\n{cell},1\n"{cell}",1\n', {"x": kind, "y": "string"}, missing=missing)
    assert [value for value, _ in found.rows] == expected * 2
    assert len(found.broken) == 2 - len(found.rows)


def test_every_bad_cell_of_a_row_has_its_reason(reads: Reader) -> None:
    found = reads(
        "x,y,z,w\n?,?,?,?\n", {"x": "integer", "y": "float", "z": "string", "w": "boolean"}
    )
    assert found.told == [(2, "x: not an integer; y: not a float; w: not a boolean")]


def hostile(source: np.random.Generator) -> tuple[bytes, list[tuple[Any, ...]], list[int], Told]:
    """A file, and what its rows, their lines and the reasons for the others are."""
    content, rows, lines, told = b"i,f,b,t,c,s\r\n", [], [], []
    for _ in range(source.integers(40, 120)):
        line, what = 1 + content.count(b"\n"), source.random()
        raw = b""
        if 0.05 < what < 0.15:
            raw, reason = SPOILED[source.integers(len(SPOILED))]
            told.append((line, reason))
        elif what > 0.05:
            cells = row(source, 0.2 if what > 0.5 else 0)
            raw = join(cells.values(), ",", '"').encode()
            values = {n: None if c in MISSING else CELLS[n][c] for n, c in cells.items()}
            wrong = [n for n, v in values.items() if v is None and cells[n] not in MISSING]
            if wrong:
                told.append((line, f"{wrong[0]}: not a"))
            else:
                rows.append(tuple(values.values()))
                lines.append(line)
        content += raw + (b"\n", b"\r\n")[source.integers(2)]
    return content, rows, lines, told


def row(source: np.random.Generator, share: float) -> dict[str, str]:
    """Plain cells, of which a share is replaced by any others."""
    odd = source.random(len(TYPES)) < share
    return {
        name: list(CELLS[name])[source.integers(len(CELLS[name]))] if replaced else PLAIN[name]
        for name, replaced in zip(TYPES, odd, strict=True)
    }


@pytest.mark.parametrize("block", [7, 64, 1_000, 1 << 22])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
def test_every_record_of_a_hostile_file_is_in_one_place_with_its_value(
    reads: Reader, monkeypatch: pytest.MonkeyPatch, seed: int, block: int, fast: bool
) -> None:
    content, rows, lines, told = hostile(np.random.default_rng(seed))
    monkeypatch.setattr(records, "BLOCK", block)
    if not fast:
        slowly(monkeypatch)
    found = reads(content, TYPES, zone=NEW_YORK, missing=MISSING)
    assert found.lines == lines
    assert found.rows == rows
    assert [line for line, _ in found.told] == [line for line, _ in told]
    for (_, reasons), (_, begins) in zip(found.told, told, strict=True):
        assert reasons.startswith(begins)


def test_only_columns_that_are_not_plain_are_judged_and_only_where_they_are_not(
    reads: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[tuple[str, bool]] = []
    parsed: list[list[str]] = []
    judge, parse = convert.judged, pacsv.read_csv

    def counted(texts: Any, kind: ColumnType, zone: Any) -> Any:
        judged.append((kind, len(texts) <= 8))
        return judge(texts, kind, zone)

    def typed(*given: Any) -> Any:
        parsed.append([str(type_) for type_ in given[3].column_types.values()])
        return parse(*given)

    monkeypatch.setattr(convert, "judged", counted)
    monkeypatch.setattr(convert, "JUDGED", 8)
    monkeypatch.setattr(pacsv, "read_csv", typed)
    monkeypatch.setattr(records, "BLOCK", 1_000)
    monkeypatch.setattr(delimited, "WORKERS", 1)
    rows = ["1,2.5,yes,2013-01-01 10:00,x,y"] * 200
    rows[100] = "1.0,2.5,yes,2013-01-01 10:00,x,y"
    found = reads("\n".join([",".join(TYPES), *rows]), TYPES, zone=NEW_YORK)
    assert (len(found.rows), judged) == (200, [("integer", True)])
    texts = [types.count("string") - 1 for types in parsed]
    # the first run shows that times are naive; the run of the odd number and the next are texts
    assert texts[:2] == [0, 4]
    assert sorted(set(texts)) == [0, 1, 4]
    assert texts.count(4) == 2
    assert texts.count(1) == 1
