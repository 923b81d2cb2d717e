"""A source's files as typed rows, and what is no row, whatever the kind of source."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ..contract import (
    READERS,
    Contract,
    CsvSource,
    FileSource,
    JsonlSource,
    TableSource,
    kind_of,
    load,
)
from ..errors import DataError
from .cast import Form, cast, present
from .delimited import everywhere
from .read import NOT_TEXT, Numbers, Records, Rejected, matching

MASK = "***"
ROW, FILE, RECORD, REASONS, RAW = "_source_row", "_file", "_record", "_reasons", "_raw"
QUARANTINED = {FILE: pl.String, RECORD: pl.Int64, REASONS: pl.String, RAW: pl.String}
MAIN_REASONS = 3
Counts = dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a source's columns are read."""

    source: TableSource
    forms: Mapping[str, Form]
    """Of the columns to read, by name."""
    personal: frozenset[str]
    """Columns, read or not, whose values are masked."""
    zone: str


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A run of a file's rows."""

    rows: pl.DataFrame
    """By the layout's types, in its order."""
    others: pl.DataFrame
    """What else the same records hold."""
    numbers: Numbers
    """Of each row: which record of the file it is, from 1."""
    rejected: Sequence[Rejected]
    n_in: int
    """How many records came in."""


def layout(contract: Contract, name: str) -> Layout:
    """What the contract says about a source."""
    return layout_of(contract, contract.sources[name], contract.source_columns(name))


def layout_of(contract: Contract, source: TableSource, types: Mapping[str, Any]) -> Layout:
    """Columns of these types, written as the source says."""
    done = everywhere(source) if isinstance(source, CsvSource) else ()
    forms = {
        name: Form(
            type=kind,
            format=source.formats.get(name) if kind == "timestamp" else None,
            numbers=source.numbers.get(name) if kind in {"integer", "float"} else None,
            missing=tuple(text for text in source.missing_in(name) if text not in done),
        )
        for name, kind in types.items()
    }
    personal = {*source.pii, *(name for name, column in contract.columns.items() if column.pii)}
    return Layout(source=source, forms=forms, personal=frozenset(personal), zone=contract.timezone)


def files(
    name: str,
    source: TableSource,
    columns: Iterable[str],
    directory: Path,
    *,
    complete: bool = True,
) -> list[Path]:
    """The files that hold a source's rows, in order.

    What is no file is first read into some: these columns, or all where none is named. What is
    there need not have all of them where it need not be ``complete``.
    """
    kind = kind_of(source)
    if isinstance(source, FileSource):
        return matching(getattr(source, kind))
    read_into_files = load(f"{READERS[kind].rpartition('.')[0]}.files")
    paths: list[Path] = read_into_files(name, source, columns, directory, complete=complete)
    return paths


def records(path: Path, source: TableSource, columns: Iterable[str] | None) -> Iterator[Records]:
    """The records of a file, by the reader of the source's kind; all columns for ``None``."""
    read = load(READERS[kind_of(source)])
    batches: Iterator[Records] = read(path, source, None if columns is None else list(columns))
    return batches


def read_rows(
    path: Path, layout: Layout, *, every: bool = False, complete: bool = True
) -> Iterator[Chunk]:
    """A file's rows in order; the next ones are read by another thread meanwhile.

    With ``every`` come also the columns that the layout has not. A column that a file lacks is an
    error, or all null where the file need not be ``complete``.

    Raises:
        DataError: the file is damaged or lacks a column.
    """
    named = {*layout.forms, *layout.personal}
    if every and not isinstance(layout.source, JsonlSource):  # whose other keys come as one text
        named = set()
    batches = records(path, layout.source, sorted(named) or None)

    def next_chunk() -> Chunk | None:
        batch = next(batches, None)
        if batch is not None and complete:
            _refuse_absent(path, batch.values.columns, layout)
        return None if batch is None else _typed(batch, layout)

    try:
        with ThreadPoolExecutor(1) as thread:
            pending = thread.submit(next_chunk)
            while (chunk := pending.result()) is not None:
                pending = thread.submit(next_chunk)
                yield chunk
    except DataError as error:
        message = str(error)
        raise error if str(path) in message else type(error)(f"'{path}': {message}") from None


def _refuse_absent(path: Path, columns: list[str], layout: Layout) -> None:
    """What stands in a header is not shown where it may be a row with personal values."""
    known = {*columns}
    if absent := [name for name in layout.forms if name not in known]:
        what = f"its columns are {', '.join(columns)}"
        if layout.personal and len(absent) == len(layout.forms):
            what = "its first line must name the columns, with the source's delimiter between them"
        raise DataError(f"'{path}' has no column {', '.join(map(repr, absent))}; {what}")


def _typed(batch: Records, layout: Layout) -> Chunk:
    typed, reasons = {}, {}
    if batch.not_text is not None and batch.not_text.any():
        reasons[NOT_TEXT] = batch.not_text
    for name, form in layout.forms.items():
        values = batch.values.get_column(name, default=None)
        if values is None:
            values = pl.repeat(None, len(batch.values), dtype=pl.String, eager=True)
        values = present(values.alias(name), form.missing)
        typed[name] = cast(values, form, layout.zone)
        if typed[name].null_count() > values.null_count():
            reason = f"{name}: not {'an' if form.type == 'integer' else 'a'} {form.type}"
            reasons[reason] = values.is_not_null() & typed[name].is_null()
    rows, values, numbers = pl.DataFrame(typed), batch.values, batch.numbers
    rejected = [one._replace(text=None) if layout.personal else one for one in batch.broken]
    if reasons:
        texts = [pl.when(where).then(pl.lit(reason)) for reason, where in reasons.items()]
        why = pl.select(pl.concat_str(texts, separator="; ", ignore_nulls=True)).to_series()
        good = why == ""
        rejected += rejected_rows(
            values.filter(~good), numbers[~good.to_numpy()], why.filter(~good), layout
        )
        rows, values, numbers = rows.filter(good), values.filter(good), numbers[good.to_numpy()]
    return Chunk(
        rows=rows,
        others=values.select([name for name in values.columns if name not in layout.forms]),
        numbers=numbers,
        rejected=sorted(rejected),
        n_in=len(batch.values) + len(batch.broken),
    )


def rejected_rows(
    rows: pl.DataFrame, numbers: Numbers, reasons: Iterable[str], layout: Layout
) -> list[Rejected]:
    """Rows that may not go on, each with its reasons and its values as JSON."""
    times = pl.col(pl.Datetime, pl.Date, pl.Time, pl.Duration).cast(pl.String)
    masked = [
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MASK)).alias(name)
        for name in layout.personal.intersection(rows.columns)
    ]
    values = rows.with_columns(times).with_columns(masked).to_dicts()  # Python's times end in 9999
    texts = [json.dumps(row, ensure_ascii=False, default=str) for row in values]
    return [*map(Rejected, numbers.tolist(), reasons, texts)]


def quarantine(file: str, rejected: Iterable[Rejected]) -> pl.DataFrame:
    """Records of a file as they are written down."""
    return pl.DataFrame([(file, *one) for one in rejected], QUARANTINED, orient="row")


def refuse_failing(quarantined: pl.DataFrame, contract: Contract) -> None:
    """Stop where a row is rejected for a column whose ``on_violation`` is fail."""
    columns = contract.columns.items()
    fails = tuple(f"{name}: " for name, column in columns if column.on_violation == "fail")
    for file, record, reasons, *_ in quarantined.rows() if fails else ():
        if fatal := [reason for reason in reasons.split("; ") if reason.startswith(fails)]:
            raise DataError(
                f"{fatal[0]}, and its on_violation is fail ('{file}', record {record:,}); nothing"
                " was written"
            )


def tally(reasons: Counts, texts: Iterable[str]) -> None:
    """Add to the counts of reasons."""
    for reason in (reason for text in texts for reason in text.split("; ")):
        reasons[reason] = reasons.get(reason, 0) + 1


def main_reasons(reasons: Counts) -> str:
    """The most frequent reasons with their counts."""
    ordered = sorted(reasons.items(), key=lambda one: -one[1])
    most = ", ".join(f"{reason} {count:,}" for reason, count in ordered[:MAIN_REASONS])
    more = len(ordered) - MAIN_REASONS
    return f"{most} and {more} more" if more > 0 else most
