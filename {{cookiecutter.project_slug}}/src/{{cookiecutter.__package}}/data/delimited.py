"""Delimited text to records.

pyarrow frames the records. It would end at the first byte that is not in the encoding, and silently
reads an open quote up to the next one: a stream decodes before it, and Python's strict reader looks
at files whose records have several lines.
"""

import csv
import io
from bisect import bisect_right
from collections import deque
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
from .read import BLOCK_BYTES, NOT_TEXT, UNDECODED, Broken, Decoded, Records, readable, unique

# pyarrow holds a record in one block: an open quote ends there at the latest.
FIRST_BYTES = 1 << 20


def read(
    path: Path, source: CsvSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """The records of delimited text, of which the first names the columns.

    Raises:
        DataError: the file is damaged, has no names, or a quote is open.
    """
    held: deque[Records] = deque()
    with readable(path), _opened(path, source) as (raw, stream):
        names = _names(stream, path, source)
        for records in _framed(path, source, names, raw, stream):
            held.append(_below(records, source.skip_below))
            while sum(map(len, list(held)[1:])) >= max(source.skip_end, 1):
                yield held.popleft()
    last = sorted(n for one in held for n in (*one.numbers, *(number for number, *_ in one.broken)))
    end = last[-source.skip_end] if source.skip_end and len(last) >= source.skip_end else None
    for records in held:
        yield _before(records, end) if source.skip_end else records


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
    quoting = csv.QUOTE_NONE if source.quote is None else csv.QUOTE_MINIMAL
    return {
        "delimiter": source.delimiter,
        "quotechar": source.quote,
        "escapechar": source.escape,
        "quoting": quoting,
        "strict": True,
    }


def _names(stream: Any, path: Path, source: CsvSource) -> list[str]:
    """The columns' names; one without a name is named by its place."""
    lines = iter(lambda: stream.readline(FIRST_BYTES).decode("utf-8", "replace"), "")
    try:
        fields = next(filter(None, csv.reader(lines, **_dialect(source))), [])
    except csv.Error as error:
        raise DataError(
            f"the first line of '{path}' cannot be read ({error}). It must name the columns:"
            " mend it, or set the source's encoding, delimiter and quote"
        ) from None
    if not fields:
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    if any(UNDECODED in field or "\0" in field for field in fields):
        raise DataError(
            f"the first line of '{path}' {NOT_TEXT}. It must name the columns: mend it, or set"
            " the source's encoding, delimiter and quote"
        )
    return unique(path, [field.strip() or f"(column {n})" for n, field in enumerate(fields, 1)])


def _framed(
    path: Path, source: CsvSource, names: list[str], raw: Decoded, stream: Any
) -> Iterator[Records]:
    texts = dict.fromkeys(names, pl.String)
    if not stream.peek(1):  # pyarrow calls a file without records an error
        yield Records(values=pl.DataFrame(schema=texts), numbers=np.empty(0, np.int64))
        return
    broken: list[Broken] = []

    def skip(record: pacsv.InvalidRow) -> str:
        found = "1 field" if record.actual_columns == 1 else f"{record.actual_columns} fields"
        reason = f"{found}, and the header has {len(names)}"
        broken.append((record.number, reason, record.text))
        return "skip"

    n_rows = n_broken = 0
    checked = source.quote is None
    try:
        for batch in _batches(source, names, stream, skip):
            gaps = np.array([number for number, *_ in broken], np.int64) - np.arange(len(broken))
            places = np.arange(n_rows + 1, n_rows + 1 + batch.num_rows)
            numbers = places + np.searchsorted(gaps, places, side="right")
            behind = bisect_right(broken, numbers[-1] if len(numbers) else 0, key=itemgetter(0))
            new, n_broken = tuple(broken[n_broken:behind]), max(behind, n_broken)
            values = pl.DataFrame(pl.from_arrow(batch)).select(names)
            if not checked and raw.quotes and _has_line_breaks(values, new):
                _check_quotes(path, source)
                checked = True
            odd = pl.any_horizontal(pl.all().str.contains(f"[{UNDECODED}\0]"))
            yield Records(
                values=values,
                numbers=numbers,
                not_text=values.select(odd.fill_null(False)).to_series() if raw.odd else None,
                broken=new,
            )
            n_rows += batch.num_rows
    except pa.ArrowInvalid as error:
        if source.quote is not None:
            _check_quotes(path, source)
        if "straddling" in str(error) or "out of sync" in str(error):
            raise DataError(f"'{path}' has a record of more than {BLOCK_BYTES >> 20} MB") from None
        raise DataError(f"'{path}': {error}") from None
    left = tuple(broken[n_broken:])
    if not checked and raw.quotes and _has_line_breaks(None, left):
        _check_quotes(path, source)
    if left or not n_rows:
        empty = pl.DataFrame(schema=texts)
        yield Records(values=empty, numbers=np.empty(0, np.int64), broken=left)


def _batches(source: CsvSource, names: list[str], stream: Any, skip: Any) -> Any:
    """pyarrow numbers the records if it parses in one thread."""
    behind = ["(behind)"] if source.trailing_delimiter else []
    return pacsv.open_csv(
        stream,
        pacsv.ReadOptions(
            use_threads=False, column_names=[*names, *behind], block_size=BLOCK_BYTES
        ),
        pacsv.ParseOptions(
            delimiter=source.delimiter,
            quote_char=source.quote or False,
            escape_char=source.escape or False,
            newlines_in_values=source.quote is not None,
            invalid_row_handler=skip,
        ),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys([*names, *behind], pa.string()),
            null_values=list(_everywhere(source)),
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _everywhere(source: CsvSource) -> tuple[str, ...]:
    """Texts that mean that a value is missing, whatever the column."""
    own = source.missing_by_column.values()
    return tuple(text for text in source.missing if all(text in markers for markers in own))


def _has_line_breaks(values: pl.DataFrame | None, broken: tuple[Broken, ...]) -> bool:
    if any("\n" in text or "\r" in text for *_, text in broken):
        return True
    cells = pl.any_horizontal(pl.all().str.contains("\n", literal=True))
    return values is not None and bool(values.select(cells.any()).item())


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


def _below(records: Records, n_skipped: int) -> Records:
    """Without the first records of the file."""
    return records if not n_skipped else _where(records, lambda numbers: numbers > n_skipped)


def _before(records: Records, end: int | None) -> Records:
    return _where(records, lambda numbers: numbers < (0 if end is None else end))


def _where(records: Records, keep: Any) -> Records:
    rows = keep(records.numbers)
    return replace(
        records,
        values=records.values.filter(pl.Series(rows)),
        numbers=records.numbers[rows],
        not_text=None if records.not_text is None else records.not_text.filter(pl.Series(rows)),
        broken=tuple(one for one in records.broken if keep(np.int64(one[0]))),
    )
