"""Reading may go on behind any line, and gives what reading everything gives from there on."""

from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import ColumnType, CsvSource
from {{ cookiecutter.__package }}.data import delimited, records, tables
from {{ cookiecutter.__package }}.data.chunks import LINE, Chunk, Layout

CSV = 'a,b\n1,x\n2,"two\nlines"\n\n3,y,z\nno,y\n5,\0\n6,"a\n\nb"\n7,x\n\n8,nine'
TYPES: dict[str, ColumnType] = {"a": "integer", "b": "string"}
LAYOUT = Layout(
    types=TYPES,
    others=(),
    modes={},
    personal=frozenset(),
    zone=ZoneInfo("UTC"),
    drop=False,
)
Found = list[tuple[int, object]]


def found(chunks: Iterable[Chunk]) -> tuple[Found, Found]:
    """Lines and values of the rows, lines and reasons of what is none."""
    rows: Found = []
    broken: Found = []
    for chunk in chunks:
        rows += [(row.pop(LINE), tuple(row.values())) for row in chunk.rows.to_pylist()]
        broken += [(one.line, one.reasons) for one in chunk.broken]
    return rows, broken


def behind(line: int, all_: tuple[Found, Found]) -> tuple[Found, Found]:
    rows, broken = all_
    return [one for one in rows if one[0] > line], [one for one in broken if one[0] > line]


@pytest.mark.parametrize("block", [8, 20, 1000])
def test_of_delimited_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(CSV)
    monkeypatch.setattr(records, "BLOCK", block)
    source = CsvSource(csv=str(path))
    everything = found(delimited.chunks(path, source, ["a", "b"], LAYOUT))
    assert [line for line, _ in everything[0]] == [2, 3, 9, 12, 14]
    assert [line for line, _ in everything[1]] == [6, 7, 8]
    for line in range(17):
        chunks = delimited.chunks(path, source, ["a", "b"], LAYOUT, after=line)
        assert found(chunks) == behind(line, everything)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_of_parquet(tmp_path: Path, size: int) -> None:
    path = tmp_path / "rows.parquet"
    values = pa.array([str(number) if number % 5 else "none" for number in range(20)])
    pq.write_table(pa.table({"a": values, "b": values}), path, row_group_size=7)
    everything = found(tables.chunks(path, (), ["a", "b"], LAYOUT))
    assert tables.count(path) == 20 == sum(map(len, everything))
    for line in range(22):
        chunks = tables.chunks(path, (), ["a", "b"], LAYOUT, after=line, size=size)
        assert found(chunks) == behind(line, everything)
