"""Parquet files to typed rows: those of a person, and the snapshots of a database."""

import json
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import DataError
from . import formats
from .chunks import LINE, MASK, Chunk, Layout, unread
from .convert import from_values, is_text, one_array
from .quotes import Places
from .records import Broken

BATCH_ROWS, BUFFER_BYTES = 65_536, 1 << 20


def header(path: Path) -> list[str]:
    """The names of a file's columns.

    Raises:
        DataError: it is no Parquet file, or repeats a name.
    """
    names = list(_file(path).schema_arrow.names)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"'{path}' names {', '.join(map(repr, repeated))} more than once")
    return names


def count(path: Path) -> int:
    """How many rows a file has, by its footer."""
    return int(_file(path).metadata.num_rows)


def chunks(
    path: Path,
    missing: tuple[str, ...],
    names: list[str],
    layout: Layout,
    *,
    after: int = 0,
    size: int = BATCH_ROWS,
) -> Iterator[Chunk]:
    """A file's rows in order, ``size`` at a time; texts in ``missing`` mean that a value is.

    Rows up to the number ``after`` are left out.

    Raises:
        DataError: the file is damaged, a column cannot be read as its type, or a value breaks a
            rule whose mode is fail.
    """
    wanted = [name for name in names if name in layout.types or name in layout.others]
    for first, batch in _batches(path, wanted, after, size):
        yield _chunk(str(path), batch, missing, layout, first).behind(after)


def _batches(
    path: Path, wanted: list[str], after: int, size: int
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Each with its first row's number; groups of rows that end at ``after`` or before are not read."""
    file = _file(path)
    groups = range(file.num_row_groups)
    ends = list(accumulate(file.metadata.row_group(group).num_rows for group in groups))
    passed = bisect_right(ends, after)
    first = ends[passed - 1] + 1 if passed else 1
    try:
        for batch in file.iter_batches(size, row_groups=groups[passed:], columns=wanted):
            yield first, batch
            first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0]
        raise DataError(f"'{path}' is damaged: {said}; fetch or write it again") from None


def _file(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(
            path,
            page_checksum_verification=True,
            pre_buffer=False,  # which keeps all that was read until the file is closed
            buffer_size=BUFFER_BYTES,
        )
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0]
        raise DataError(f"'{path}' cannot be read as Parquet: {said}") from None


def _chunk(
    file: str, batch: pa.RecordBatch, missing: tuple[str, ...], layout: Layout, first: int
) -> Chunk:
    there = set(batch.schema.names)
    absent = pa.nulls(batch.num_rows, pa.string())
    given = pa.table(
        {
            name: _present(batch.column(name), missing) if name in there else absent
            for name in (*layout.types, *layout.others)
        }
    )
    columns = [
        (
            formats.read(one_array(given[name]), layout.formats[name], layout.zone)
            if name in layout.formats
            else from_values(one_array(given[name]), name, kind, layout.zone)
        )
        for name, kind in layout.types.items()
    ]
    columns += [_as_text(one_array(given[name])) for name in layout.others]
    rows = pa.table(columns, schema=layout.schema)
    lines = np.arange(first, first + batch.num_rows)
    found = unread(layout, given, rows, lines)
    rows = rows.append_column(LINE, pa.array(lines))
    return Chunk(
        file=file,
        rows=(rows if found.rejected is None else rows.filter(pc.is_null(found.rejected))),
        broken=_told(given, found.rejected, layout, lines),
        nulled=_told(given, found.nulled, layout, lines),
    )


def _present(values: pa.Array, missing: tuple[str, ...]) -> pa.Array:
    """Null where a text says that nothing is there, or a float is NaN."""
    if pa.types.is_dictionary(values.type):
        if not _present(values.dictionary, missing).null_count:
            return values
        return _present(values.dictionary_decode(), missing)
    if pa.types.is_floating(values.type):
        absent = pc.is_nan(values)
        if not pc.any(absent).as_py():
            return values
        return pc.if_else(absent, pa.scalar(None, values.type), values)
    if missing and is_text(values.type):
        said = pc.is_in(values, pa.array(missing, values.type))
        return pc.if_else(said, pa.scalar(None, values.type), values)
    return values


def _as_text(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, structs, bytes
        texts = [None if value is None else repr(value) for value in values.to_pylist()]
        return pa.array(texts, pa.string())


def _told(given: pa.Table, reasons: pa.Array | None, layout: Layout, lines: Places) -> list[Broken]:
    if reasons is None:
        return []
    wrong = np.flatnonzero(pc.is_valid(reasons).to_numpy(zero_copy_only=False))
    rows = _shown(given.take(pa.array(wrong)))
    told = zip(lines[wrong].tolist(), reasons.drop_null().to_pylist(), rows, strict=True)
    return [Broken(line=line, reasons=reason, raw=_json(row, layout)) for line, reason, row in told]


def _shown(given: pa.Table) -> list[dict[str, Any]]:
    """Rows; times as texts, since Python's end with the year 9999."""
    columns = {
        name: (_as_text(values.combine_chunks()) if pa.types.is_temporal(values.type) else values)
        for name, values in zip(given.schema.names, given.columns, strict=True)
    }
    rows: list[dict[str, Any]] = pa.table(columns).to_pylist()
    return rows


def _json(row: dict[str, Any], layout: Layout) -> bytes:
    shown = {
        name: MASK if name in layout.personal and value is not None else value
        for name, value in row.items()
    }
    return json.dumps(shown, ensure_ascii=False, default=str).encode()
