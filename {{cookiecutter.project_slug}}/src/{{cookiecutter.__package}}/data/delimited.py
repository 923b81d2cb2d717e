"""Delimited text to records.

pyarrow frames the records. It would end at the first byte that is not in the encoding, and silently
reads an open quote up to the next one: a stream decodes before it, and Python's strict reader looks
at files whose records have several lines.
"""

import csv
import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from ..contract import CsvSource
from ..errors import DataError
from .read import BLOCK_BYTES, UNDECODED, Broken, Decoded, Records, readable, rows_with, unique


def read(
    path: Path, source: CsvSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """The records of delimited text, of which the first names the columns."""
    with readable(path), _opened(path, source) as (raw, stream):
        names = _names(stream, path, source)
        try:
            yield from _framed(path, source, names, raw, stream)
        except pa.ArrowInvalid as error:
            _check_quotes(path, source)
            reason = str(error)
            if "straddling" in reason or "out of sync" in reason:
                reason = f"a record has more than {BLOCK_BYTES >> 20} MB"
            raise DataError(f"'{path}': {reason}") from None


@contextmanager
def _opened(path: Path, source: CsvSource) -> Iterator[tuple[Decoded, Any]]:
    """The text behind what is to be skipped above the names."""
    with (
        Decoded(path, source.encoding, source.quote) as raw,
        io.BufferedReader(raw, 1 << 16) as stream,
    ):
        for _ in range(source.skip_above):
            stream.readline()
        prefix = (source.comment or "").encode()
        while prefix and stream.peek(len(prefix)).startswith(prefix):
            stream.readline()
        yield raw, stream


def _strict_reader(lines: Any, source: CsvSource) -> Any:
    return csv.reader(
        lines,
        delimiter=source.delimiter,
        quotechar=source.quote,
        escapechar=source.escape,
        quoting=csv.QUOTE_NONE if source.quote is None else csv.QUOTE_MINIMAL,
        strict=True,
    )


def _names(stream: Any, path: Path, source: CsvSource) -> list[str]:
    """The columns' names; one without a name is named by its place."""
    lines = iter(lambda: stream.readline(BLOCK_BYTES).decode("utf-8", "replace"), "")
    try:
        fields: list[str] = next(filter(None, _strict_reader(lines, source)), [])
    except csv.Error:
        fields = [UNDECODED]
    if not fields:
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    if any(UNDECODED in field or "\0" in field for field in fields):
        raise DataError(
            f"the first line of '{path}' cannot be read, and must name the columns: mend it, or set"
            " the source's encoding, delimiter and quote"
        )
    return unique(path, [field.strip() or f"(column {n})" for n, field in enumerate(fields, 1)])


def _framed(
    path: Path, source: CsvSource, names: list[str], raw: Decoded, stream: Any
) -> Iterator[Records]:
    """Blocks of records; those that are too short or long are skipped, and known by their number."""
    broken: list[Broken] = []

    def skip(record: pacsv.InvalidRow) -> str:
        fields = "1 field" if record.actual_columns == 1 else f"{record.actual_columns} fields"
        reason = f"{fields}, and the header has {len(names)}"
        broken.append((record.number, reason, record.text))
        return "skip"

    n_broken, checked = 0, source.quote is None
    empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    for values in chain(_batches(source, names, stream, skip), [empty]):
        new, n_broken = broken[n_broken:], len(broken)
        several = any({"\n", "\r"} & {*text} for *_, text in new)
        if not checked and raw.quotes and (several or rows_with(values, "\n").any()):
            _check_quotes(path, source)
            checked = True
        not_text = rows_with(values, f"[{UNDECODED}\0]") if raw.odd else None
        yield Records(values=values, not_text=not_text, broken=new)


def _batches(source: CsvSource, names: list[str], stream: Any, skip: Any) -> Iterator[pl.DataFrame]:
    """pyarrow numbers the records if it parses in one thread, and refuses a file without any."""
    if not stream.peek(1):
        return
    columns = [*names, "(behind)"] if source.trailing_delimiter else names
    reader = pacsv.open_csv(
        stream,
        pacsv.ReadOptions(use_threads=False, column_names=columns, block_size=BLOCK_BYTES),
        pacsv.ParseOptions(
            delimiter=source.delimiter,
            quote_char=source.quote or False,
            escape_char=source.escape or False,
            newlines_in_values=source.quote is not None,
            invalid_row_handler=skip,
        ),
        pacsv.ConvertOptions(
            include_columns=names,
            column_types=dict.fromkeys(columns, pa.string()),
            null_values=list(nulls(source)),
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )
    yield from map(pl.DataFrame, map(pl.from_arrow, reader))


def nulls(source: CsvSource) -> tuple[str, ...]:
    """Texts that pyarrow makes null, which is faster; it cannot tell columns apart."""
    return () if source.missing_by_column else source.missing


def _check_quotes(path: Path, source: CsvSource) -> None:
    """Name the line of a quote that is open, or stands where none may."""
    if source.quote is None:
        return
    csv.field_size_limit(BLOCK_BYTES)
    with _opened(path, source) as (_, stream):
        reader = _strict_reader(io.TextIOWrapper(stream, newline=""), source)
        line = 1
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"'{path}': a quote in the record at line {line + source.skip_above:,} is wrong"
                f" ({error}); close it, double quotes inside a text, or set the source's quote"
            ) from None
