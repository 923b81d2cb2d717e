"""A source on disk: every record counted once, repeats found, the rest in quarantine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import extract as module
from {{ cookiecutter.__package }}.data import records
from {{ cookiecutter.__package }}.data.extract import Extraction, extract
from {{ cookiecutter.__package }}.data.sources import files, open_source
from {{ cookiecutter.__package }}.errors import DataError

KINDS = {"n": "integer", "f": "float", "t": "timestamp", "c": "category", "s": "string"}


@dataclass(frozen=True)
class Place:
    """A folder with a source's files, and what was made of them."""

    folder: Path

    def contract(self, rules: Mapping[str, Any] | None = None, **source: Any) -> Contract:
        source = {"csv": str(self.folder / "*.csv"), "columns": KINDS} | source
        if "parquet" in source:
            del source["csv"]
        target = {"y": {"type": "boolean"}, "c": {"type": "category"}}
        return Contract.model_validate(
            {
                "name": "small",
                "task": "binary",
                "target": "y",
                "sources": {"s": source},
                "columns": target | dict(rules or {}),
            }
        )

    def write(self, **contents: str | bytes) -> None:
        for name, content in contents.items():
            raw = content.encode() if isinstance(content, str) else content
            (self.folder / f"{name}.csv").write_bytes(raw)

    def extract(self, contract: Contract, memory_limit: str = "300MB") -> Extraction:
        for name in ("scratch", "quarantine"):
            (self.folder / name).mkdir(exist_ok=True)
        opened = open_source(contract, "s", files(contract, "s", self.folder))
        seen: list[Path] = []
        found = extract(
            "s",
            opened,
            self.folder / "scratch",
            self.folder / "quarantine",
            memory_limit,
            seen.append,
        )
        assert seen == list(opened.files)
        for counts in [*found.counts.values(), found.total]:
            assert counts["in"] == counts["accepted"] + counts["rejected"] + counts["duplicates"]
        assert found.accepted.sum() == found.total["accepted"]
        return found

    @property
    def quarantined(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.folder / "quarantine/s.parquet").to_pylist()
        return rows


@pytest.fixture
def at(tmp_path: Path) -> Place:
    return Place(tmp_path)


def counted(found: Extraction) -> list[list[int]]:
    """In, accepted, rejected and duplicates of each file."""
    names = ("in", "accepted", "rejected", "duplicates")
    return [[counts[name] for name in names] for counts in found.counts.values()]


HEADER = "n,f,t,c,s\n"


def test_rows_are_typed_numbered_and_know_their_place(at: Place) -> None:
    at.write(a=HEADER + "1,1.5,2013-01-01 00:00Z,x,p\n\nbad\n", b="s,c,t,f,n\n,1.0,,,2\n")
    found = at.extract(at.contract())
    rows = pq.read_table(found.path).to_pylist()
    a, b = (str(at.folder / name) for name in ("a.csv", "b.csv"))
    moment = datetime(2013, 1, 1, tzinfo=UTC)
    assert rows == [
        {
            "_source_row": 1,
            "_file": a,
            "_line": 2,
            "n": 1,
            "f": 1.5,
            "t": moment,
            "c": "x",
            "s": "p",
        },
        {
            "_source_row": 2,
            "_file": b,
            "_line": 2,
            "n": 2,
            "f": None,
            "t": None,
            "c": "1",
            "s": None,
        },
    ]
    assert counted(found) == [[2, 1, 1, 0], [1, 1, 0, 0]]
    assert found.columns == tuple(KINDS)
    assert found.reasons == {"1 field, and the header has 5": 1}


def test_what_is_no_row_lies_in_quarantine_as_it_was(at: Place) -> None:
    lines = [b"1,1,2013-01-01,x,p", b"1,2", b"x,y,,,", b'1,"1"x,,,', b"1,,,\xff,", b",inf,,,"]
    at.write(a=HEADER.encode() + b"\r\n".join(lines))
    found = at.extract(at.contract())
    assert counted(found) == [[6, 1, 5, 0]]
    assert [list(row.values()) for row in at.quarantined] == [
        [str(at.folder / "a.csv"), line, reasons, lines[line - 2]]
        for line, reasons in [
            (3, "2 fields, and the header has 5"),
            (4, "n: not an integer; f: not a float"),
            (5, "closes a quote inside a field: double the quotes inside a text"),
            (6, "is not utf-8"),
            (7, "f: not a float"),
        ]
    ]
    assert found.reasons == {
        "2 fields, and the header has 5": 1,
        "n: not an integer": 1,
        "f: not a float": 2,
        "closes a quote inside a field: double the quotes inside a text": 1,
        "is not utf-8": 1,
    }


def test_a_mended_row_is_accepted_told_and_counted(at: Place) -> None:
    at.write(a=HEADER + "x,1,,,a\n2,y,,,b\nz,w,,,c\n")
    rules = {"n": {"type": "integer", "nullable": True, "on_violation": {"type": "null"}}}
    found = at.extract(at.contract(rules))
    assert counted(found) == [[3, 1, 2, 0]]
    assert [(row["_line"], row["_reasons"]) for row in at.quarantined] == [
        (2, "n: not an integer, made null"),
        (3, "f: not a float"),
        (4, "f: not a float"),
    ]
    assert found.reasons == {"n: not an integer, made null": 1, "f: not a float": 2}
    assert pq.read_table(found.path)["n"].to_pylist() == [None]


def test_a_value_that_may_not_be_stops_the_run_with_file_and_line(at: Place) -> None:
    at.write(a=HEADER + "1,,,,\n", b=HEADER + "1,,,,\n\n2.5,,,,\n")
    rules = {"n": {"type": "integer", "on_violation": {"type": "fail"}}}
    with pytest.raises(DataError, match=r"b\.csv': n: not an integer, .* fail \(line 4\)"):
        at.extract(at.contract(rules))


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_files_without_rows_count_nothing(at: Place, content: str) -> None:
    at.write(a=HEADER + content, b=HEADER)
    found = at.extract(at.contract())
    assert (counted(found), found.reasons, at.quarantined) == ([[0] * 4] * 2, {}, [])


def test_a_damaged_file_among_others_is_named(at: Place) -> None:
    at.write(a=HEADER, b=HEADER + '1,2,,"\n')
    with pytest.raises(DataError, match=r"^'.*b\.csv': a quote opens in the record at line 2"):
        at.extract(at.contract())


# repeats


def repeated(found: Extraction) -> list[int]:
    rows: list[int] = found.repeated.tolist()
    return rows


def test_of_rows_that_say_the_same_the_first_stays_wherever_they_are(at: Place) -> None:
    same = [
        "1,1.5,2013-01-01,x,p",
        "+1,1.50,2013-01-01T00:00:00Z,x,p",
        '"1",1.5e0,2013-01-01 00:00,x,"p"',
    ]
    at.write(
        a=HEADER + "\n".join([same[0], "2,,,,", same[1]]),
        b="c,s,n,f,t\n,,2,,\nx,p,1,1.5,2013-01-01\n",
    )
    at.write(c=HEADER + "\n".join([same[2], "2,0,,,", "2,-0.0,,,", ",,,,", ",,,,"]))
    found = at.extract(at.contract())
    assert repeated(found) == [3, 4, 5, 6, 8, 10]
    assert counted(found) == [[3, 2, 0, 1], [2, 0, 0, 2], [5, 2, 0, 3]]
    assert np.flatnonzero(found.accepted).tolist() == [1, 2, 7, 9]


def test_a_difference_in_any_column_makes_another_row(at: Place) -> None:
    row = ["1", "1.5", "2013-01-01", "x", "p", "q"]
    other = ["2", "", "2013-01-02", "X", "p ", ""]
    rows = [row, *([*row[:i], other[i], *row[i + 1 :]] for i in range(6))]
    at.write(a="n,f,t,c,s,note\n" + "\n".join(map(",".join, rows)), b=HEADER + ",".join(row[:5]))
    assert repeated(at.extract(at.contract())) == [8]  # without a note, as the one without text
    assert repeated(at.extract(at.contract(repeats="keep"))) == []


def test_columns_without_a_name_tell_rows_apart_too(at: Place) -> None:
    at.write(a="n,f,t,c,s,,\n1,,,,,a,b\n1,,,,,a,c\n1,,,,,d,b\n1,,,,,a,b\n")
    assert repeated(at.extract(at.contract())) == [4]


def test_repeats_may_be_kept(at: Place) -> None:
    at.write(a=HEADER + "1,,,,\n" * 3)
    found = at.extract(at.contract(repeats="keep"))
    assert (repeated(found), counted(found)) == ([], [[3, 3, 0, 0]])


def test_rows_that_only_share_a_hash_are_not_dropped(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "row_hashes", lambda rows: np.zeros(rows.num_rows, np.uint64))
    monkeypatch.setattr(records, "BLOCK", 100)
    at.write(a=HEADER + "".join(f"{i % 70},,,,\n" for i in range(100)))
    found = at.extract(at.contract())
    assert repeated(found) == list(range(71, 101))


def test_columns_may_have_any_names(at: Place) -> None:
    names = ["place", "met", "rows", 'q"uote', "select", "it's", "row", "a b", "ä"]
    header = ",".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)
    at.write(a=header + "\n" + "1,2,3,4,5,6,7,8,9\n" * 2 + "1,2,3,4,5,6,7,8,0\n")
    assert repeated(at.extract(at.contract(columns=dict.fromkeys(names, "string")))) == [2]


def test_parquet_rows_repeat_too(at: Place) -> None:
    columns = {"n": [1, 1, 2], "f": [0.5] * 3, "t": pa.nulls(3), "c": ["x"] * 3, "s": [b"p"] * 3}
    for name in ("1", "2"):
        pq.write_table(pa.table(columns), at.folder / f"{name}.parquet")
    found = at.extract(at.contract(parquet=str(at.folder / "*.parquet")))
    assert repeated(found) == [2, 4, 5, 6]
    assert counted(found) == [[3, 2, 0, 1], [3, 0, 0, 3]]


def test_places_are_files_and_lines_of_rows(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK", 64)
    monkeypatch.setattr(module, "GROUP_ROWS", 7)
    at.write(a=HEADER + "".join(f"{i},,,,\n\n" for i in range(40)), b=HEADER + "-1,,,,\n")
    found = at.extract(at.contract())
    places = found.places(np.array([1, 8, 9, 40, 41])).to_pylist()
    assert [(Path(row["_file"]).name, row["_line"]) for row in places] == [
        ("a.csv", 2),
        ("a.csv", 16),
        ("a.csv", 18),
        ("a.csv", 80),
        ("b.csv", 2),
    ]
    assert found.places(np.array([], np.int64)).num_rows == 0


def test_too_little_memory_is_told(at: Place) -> None:
    at.write(a=HEADER + "".join(f"{i},,,,{'x' * 100}\n" for i in range(20_000)) * 2)
    with pytest.raises(
        DataError, match=r"repeated rows cannot be found: .* raise data\.memory_limit"
    ):
        at.extract(at.contract(), memory_limit="2MB")
