"""Delimited text to records.

pyarrow frames the records. It would end at the first byte that is not in the encoding, and silently
reads an open quote up to the next one: a stream decodes before it, and Python's strict reader looks
at files whose records have several lines.
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from ..contract import CsvSource
from ..errors import DataError
from .read import (
    BLOCK_BYTES,
    NOT_TEXT,
    UNDECODED,
    Broken,
    Decoded,
    Records,
    everywhere,
    readable,
    unique,
)

# pyarrow holds a record in one block: an open quote ends there at the latest.
FIRST_BYTES = 1 << 20


def read(
    path: Path, source: CsvSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """The records of delimited text, of which the first names the columns.

    Raises:
        DataError: the file is damaged, has no names, or a quote is open.
    """
    end = None
    if source.skip_end:  # read once more before, to know which records are the last
        end = max(0, *(_last(records) for records in _records(path, source))) - source.skip_end
    skipping = source.skip_below or source.skip_end
    for records in _records(path, source):
        yield _between(records, source.skip_below, end) if skipping else records


def _records(path: Path, source: CsvSource) -> Iterator[Records]:
    with readable(path), _opened(path, source) as (raw, stream):
        yield from _framed(path, source, _names(stream, path, source), raw, stream)


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


def _dialect(source: CsvSource) -> dict[str, Any]:
    return {
        "delimiter": source.delimiter,
        "quotechar": source.quote,
        "escapechar": source.escape,
        "quoting": csv.QUOTE_NONE if source.quote is None else csv.QUOTE_MINIMAL,
        "strict": True,
    }


def _names(stream: Any, path: Path, source: CsvSource) -> list[str]:
    """The columns' names; one without a name is named by its place."""
    lines = iter(lambda: stream.readline(FIRST_BYTES).decode("utf-8", "replace"), "")
    reason = NOT_TEXT
    try:
        fields = next(filter(None, csv.reader(lines, **_dialect(source))), [])
    except csv.Error as error:
        fields, reason = [UNDECODED], f"cannot be read ({error})"
    if not fields:
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    if any(UNDECODED in field or "\0" in field for field in fields):
        raise DataError(
            f"the first line of '{path}' {reason}. It must name the columns: mend it, or set the"
            " source's encoding, delimiter and quote"
        )
    return unique(path, [field.strip() or f"(column {n})" for n, field in enumerate(fields, 1)])


def _framed(
    path: Path, source: CsvSource, names: list[str], raw: Decoded, stream: Any
) -> Iterator[Records]:
    empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    broken: list[Broken] = []

    def skip(record: pacsv.InvalidRow) -> str:
        fields = "1 field" if record.actual_columns == 1 else f"{record.actual_columns} fields"
        reason = f"{fields}, and the header has {len(names)}"
        broken.append((record.number, reason, record.text))
        return "skip"

    n_rows = n_broken = 0
    checked = source.quote is None
    try:  # pyarrow calls a file without records an error
        for batch in _batches(source, names, stream, skip) if stream.peek(1) else ():
            gaps = np.array([number for number, *_ in broken], np.int64) - np.arange(len(broken))
            places = np.arange(n_rows + 1, n_rows + 1 + batch.num_rows)
            numbers = places + np.searchsorted(gaps, places, side="right")
            behind = bisect_right(broken, numbers[-1] if len(numbers) else 0, key=itemgetter(0))
            new, n_broken = tuple(broken[n_broken:behind]), max(behind, n_broken)
            values = pl.DataFrame(pl.from_arrow(batch)).select(names)
            if not checked and raw.quotes and _has_line_breaks(values, new):
                _check_quotes(path, source)
                checked = True
            yield Records(values=values, numbers=numbers, not_text=_odd(values, raw), broken=new)
            n_rows += batch.num_rows
    except pa.ArrowInvalid as error:
        if source.quote is not None:
            _check_quotes(path, source)
        if "straddling" in str(error) or "out of sync" in str(error):
            raise DataError(f"'{path}' has a record of more than {BLOCK_BYTES >> 20} MB") from None
        raise DataError(f"'{path}': {error}") from None
    left = tuple(broken[n_broken:])
    if not checked and raw.quotes and _has_line_breaks(empty, left):
        _check_quotes(path, source)
    if left or not n_rows:
        yield Records(values=empty, numbers=np.empty(0, np.int64), broken=left)


def _batches(source: CsvSource, names: list[str], stream: Any, skip: Any) -> Any:
    """pyarrow numbers the records if it parses in one thread."""
    names = [*names, "(behind)"] if source.trailing_delimiter else names
    return pacsv.open_csv(
        stream,
        pacsv.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK_BYTES),
        pacsv.ParseOptions(
            delimiter=source.delimiter,
            quote_char=source.quote or False,
            escape_char=source.escape or False,
            newlines_in_values=source.quote is not None,
            invalid_row_handler=skip,
        ),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=list(everywhere(source)),
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _odd(values: pl.DataFrame, raw: Decoded) -> pl.Series | None:
    """Rows with characters that are no text."""
    if not raw.odd:
        return None
    odd = pl.any_horizontal(pl.all().str.contains(f"[{UNDECODED}\0]"))
    return values.select(odd.fill_null(False)).to_series()


def _has_line_breaks(values: pl.DataFrame, broken: tuple[Broken, ...]) -> bool:
    if any("\n" in text or "\r" in text for *_, text in broken):
        return True
    cells = pl.any_horizontal(pl.all().str.contains("\n", literal=True))
    return bool(values.select(cells.any()).item())


def _check_quotes(path: Path, source: CsvSource) -> None:
    """Name the line of a quote that is open, or stands where none may."""
    csv.field_size_limit(BLOCK_BYTES)
    with _opened(path, source) as (_, stream):
        reader = csv.reader(io.TextIOWrapper(stream, newline=""), **_dialect(source))
        line = 1
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"'{path}': a quote in the record at line {line + source.skip_above:,} is wrong"
                f" ({error}); close it, double quotes inside a text, or set the source's quote"
            ) from None


def _last(records: Records) -> int:
    """The number of the last record; 0 where there is none."""
    ends = [*records.numbers[-1:].tolist(), *(number for number, *_ in records.broken[-1:])]
    return max(ends, default=0)


def _between(records: Records, first: int, last: int | None) -> Records:
    """The records behind the first ones, up to the last."""
    end = np.inf if last is None else last
    rows = pl.Series((records.numbers > first) & (records.numbers <= end), dtype=pl.Boolean)
    return replace(
        records,
        values=records.values.filter(rows),
        numbers=records.numbers[rows.to_numpy()],
        not_text=None if records.not_text is None else records.not_text.filter(rows),
        broken=tuple(one for one in records.broken if first < one[0] <= end),
    )
