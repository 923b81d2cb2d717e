"""What every kind of source gives: typed rows in order, and what is no row."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..contract import ColumnType, Contract, Mode
from ..errors import DataError
from .convert import ARROW_TYPES
from .quotes import Places
from .records import Broken

FILE, LINE = "_file", "_line"
OTHER = "_other_"
MASK = "***"
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The columns that a source gives, the same for all its files."""

    types: Mapping[str, ColumnType]
    """Declared columns, by name."""
    others: tuple[str, ...]
    """Undeclared ones, which only tell rows apart."""
    modes: Mapping[str, Mode]
    """What a text that is not of its column's type does."""
    personal: frozenset[str]
    """Columns, declared or not, whose values are masked."""
    zone: ZoneInfo
    drop: bool
    """Whether a row that repeats an earlier one is dropped."""
    formats: Mapping[str, str] = field(default_factory=dict)
    """How the times of a column are written where that is not ISO 8601."""

    @property
    def schema(self) -> pa.Schema:
        """Of a chunk's rows: the declared columns, then the others as texts."""
        declared = [(name, ARROW_TYPES[kind]) for name, kind in self.types.items()]
        return pa.schema([*declared, *((name, pa.string()) for name in self.other_names)])

    @property
    def other_names(self) -> tuple[str, ...]:
        """Names under which undeclared columns go, whatever theirs are."""
        return tuple(f"{OTHER}{place}" for place in range(len(self.others)))


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A run of a source's rows."""

    file: str
    rows: pa.Table
    """Rows that can be read, by the layout's schema, and the line of each."""
    broken: list[Broken]
    nulled: list[Broken]
    """Rows of which a value was not of its type and became null, as its column's mode says."""

    def behind(self, line: int) -> "Chunk":
        """What begins behind a line."""
        if not line:
            return self
        passed = int(np.searchsorted(self.rows[LINE].to_numpy(), line, side="right"))
        return replace(
            self,
            rows=self.rows.slice(passed),
            broken=[one for one in self.broken if one.line > line],
            nulled=[one for one in self.nulled if one.line > line],
        )


def layout(contract: Contract, name: str, others: tuple[str, ...]) -> Layout:
    """What the contract says about a source that has ``others`` besides its declared columns."""
    types, source = contract.source_columns(name), contract.sources[name]
    drop = source.repeats == "drop"
    tagged = {n for n, column in contract.columns.items() if column.pii}
    modes = {n: contract.columns[n].mode("type") for n in types if n in contract.columns}
    return Layout(
        types=types,
        others=others if drop else (),
        modes=modes,
        personal=frozenset({*source.pii, *tagged} & {*types, *others}),
        zone=contract.zone,
        drop=drop,
        formats=source.formats,
    )


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items, of which the next is made by another thread while one is worked on."""
    iterator = iter(items)
    with ThreadPoolExecutor(1) as thread:
        pending = thread.submit(next, iterator, None)
        while (item := pending.result()) is not None:
            pending = thread.submit(next, iterator, None)
            yield item


@dataclass(frozen=True, kw_only=True)
class Unread:
    """Why rows are rejected or mended: a text of reasons each, null for most; ``None`` for all."""

    rejected: pa.Array | None
    nulled: pa.Array | None


def unread(layout: Layout, given: pa.Table, typed: pa.Table, lines: Places) -> Unread:
    """Compare what was given with what could be read, by what each column's mode says.

    Raises:
        DataError: a column whose mode is fail has such a value.
    """
    rejected: list[pa.Array] = []
    nulled: list[pa.Array] = []
    for name, kind in layout.types.items():
        if typed[name].null_count == given[name].null_count:
            continue
        wrong = pc.and_(pc.is_valid(given[name]), pc.is_null(typed[name])).combine_chunks()
        reason = f"{name}: not {'an' if kind == 'integer' else 'a'} {kind}"
        mode = layout.modes.get(name, "reject")
        if mode == "fail":
            line = lines[pc.index(wrong, True).as_py()]
            raise DataError(
                f"{reason}, and its on_violation is fail (line {line:,}); nothing was written"
            )
        if mode == "null":
            nulled.append(pc.if_else(wrong, f"{reason}, made null; ", ""))
        else:
            rejected.append(pc.if_else(wrong, f"{reason}; ", ""))
    why, mended = _joined(rejected), _joined(nulled)
    if why is not None and mended is not None:
        mended = pc.if_else(pc.is_valid(why), pa.scalar(None, pa.string()), mended)
    return Unread(rejected=why, nulled=mended)


def _joined(reasons: list[pa.Array]) -> pa.Array | None:
    if not reasons:
        return None
    joined = pc.binary_join_element_wise(*reasons, "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)
