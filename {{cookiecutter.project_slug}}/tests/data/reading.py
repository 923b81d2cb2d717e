"""Delimited text as a source of two text columns, or those given, reads it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from {{ cookiecutter.__package }}.contract import ColumnType, CsvSource, Mode
from {{ cookiecutter.__package }}.data import delimited
from {{ cookiecutter.__package }}.data.chunks import LINE, Layout
from {{ cookiecutter.__package }}.data.records import Broken

TEXTS: dict[str, ColumnType] = {"a": "string", "b": "string"}


@dataclass(frozen=True, kw_only=True)
class Read:
    """Everything that a file's chunks gave."""

    table: pa.Table
    broken: list[Broken]
    nulled: list[Broken]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The declared columns."""
        named = [n for n in self.table.schema.names if n != LINE and not n.startswith("_other_")]
        return list(zip(*(self.table[name].to_pylist() for name in named), strict=True))

    @property
    def lines(self) -> list[int]:
        """The line of each row."""
        lines: list[int] = self.table[LINE].to_pylist()
        return lines

    @property
    def told(self) -> list[tuple[int, str]]:
        """Line and reasons of what is no row."""
        return [(one.line, one.reasons.removesuffix("; ")) for one in self.broken]


def read(
    folder: Path,
    content: str | bytes,
    types: Mapping[str, ColumnType] | None = None,
    *,
    name: str = "file.csv",
    modes: Mapping[str, Mode] | None = None,
    personal: Collection[str] = (),
    zone: str = "UTC",
    **settings: Any,
) -> Read:
    """Write a file and read it; ``settings`` are the source's."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = CsvSource(csv=str(path), **settings)
    names = delimited.header(path, source)
    declared = types or TEXTS
    layout = Layout(
        types=declared,
        others=tuple(name for name in names if name not in declared),
        modes=modes or {},
        personal=frozenset(personal),
        zone=ZoneInfo(zone),
        drop=True,
    )
    chunks = list(delimited.chunks(path, source, names, layout))
    return Read(
        table=pa.concat_tables([chunk.rows for chunk in chunks]).unify_dictionaries(),
        broken=[one for chunk in chunks for one in chunk.broken],
        nulled=[one for chunk in chunks for one in chunk.nulled],
    )
