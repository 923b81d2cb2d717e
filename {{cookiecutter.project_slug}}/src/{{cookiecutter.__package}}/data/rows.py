"""A source's files as typed rows, and what is no row, whatever the kind of source."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    Mode,
    TableSource,
    kind_of,
    load,
)
from ..errors import DataError
from .cast import Form, cast, present
from .read import NOT_TEXT, Numbers, Records, everywhere, matching

MASK = "***"
FILE, RECORD, REASONS, RAW = "_file", "_record", "_reasons", "_raw"
QUARANTINED = {FILE: pl.String, RECORD: pl.Int64, REASONS: pl.String, RAW: pl.String}
MAIN_REASONS = 3
Counts = dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a source's columns are read."""

    source: TableSource
    forms: Mapping[str, Form]
    """Of the columns to read, by name."""
    modes: Mapping[str, Mode]
    """What a value that is not of its column's type does; rejects where none is named."""
    personal: frozenset[str]
    """Columns, read or not, whose values are masked."""
    zone: str


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A record that may not go on, or of which a value became null."""

    record: int
    reasons: str
    text: str | None
    """``None`` where it may hold personal values that cannot be masked."""


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
    nulled: Sequence[Rejected]

    @property
    def n_in(self) -> int:
        """How many records came in."""
        return len(self.rows) + len(self.rejected)

    @property
    def last(self) -> int:
        """The last record's number; 0 where there is none."""
        ends = [one.record for one in self.rejected[-1:]] + self.numbers[-1:].tolist()
        return max(ends, default=0)


def layout(contract: Contract, name: str) -> Layout:
    """What the contract says about a source."""
    return layout_of(contract, contract.sources[name], contract.source_columns(name))


def layout_of(contract: Contract, source: TableSource, types: Mapping[str, Any]) -> Layout:
    """Columns of these types, written as the source says."""
    done = everywhere(source) if isinstance(source, CsvSource) else ()
    return Layout(
        source=source,
        forms={
            name: Form(
                type=kind,
                format=source.formats.get(name) if kind == "timestamp" else None,
                numbers=source.numbers.get(name) if kind in {"integer", "float"} else None,
                missing=tuple(text for text in source.missing_in(name) if text not in done),
            )
            for name, kind in types.items()
        },
        modes={n: contract.columns[n].mode("type") for n in types if n in contract.columns},
        personal=frozenset({*source.pii, *(n for n, c in contract.columns.items() if c.pii)}),
        zone=contract.timezone,
    )


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

    Raises:
        DataError: there is none.
    """
    kind = kind_of(source)
    if isinstance(source, FileSource):
        return matching(getattr(source, kind))
    module = READERS[kind].rpartition(".")[0]
    gather = load(f"{module}.files")
    paths: list[Path] = gather(name, source, columns, directory, complete=complete)
    return paths


def records(path: Path, source: TableSource, columns: Iterable[str] | None) -> Iterator[Records]:
    """The records of a file, by the reader of the source's kind; all columns for ``None``."""
    read = load(READERS[kind_of(source)])
    batches: Iterator[Records] = read(path, source, None if columns is None else list(columns))
    return batches


def read_rows(
    path: Path, layout: Layout, *, every: bool = False, complete: bool = True
) -> Iterator[Chunk]:
    """A file's rows in order, with ``every`` also the columns that the layout has not.

    A column that a file lacks is an error, or all null where the file need not be ``complete``.

    Raises:
        DataError: the file is damaged or lacks a column, or a value breaks a rule whose mode is
            fail.
    """
    named = {*layout.forms, *layout.personal}
    if every and not isinstance(layout.source, JsonlSource):  # whose other keys come as one text
        named = set()
    try:
        for batch in records(path, layout.source, sorted(named) or None):
            if complete:
                _complete(path, batch.values.columns, layout)
            yield _typed(batch, layout)
    except DataError as error:
        message = str(error)
        raise error if str(path) in message else type(error)(f"'{path}': {message}") from None


def _complete(path: Path, columns: Sequence[str], layout: Layout) -> None:
    """What stands in a header is not shown where it may be a row with personal values."""
    known = set(columns)
    absent = [name for name in layout.forms if name not in known]
    if not absent:
        return
    what = f"its columns are {', '.join(columns)}"
    if layout.personal and len(absent) == len(layout.forms):
        what = "its first line must name the columns, with the source's delimiter between them"
    raise DataError(f"'{path}' has no column {', '.join(map(repr, absent))}; {what}")


def _typed(batch: Records, layout: Layout) -> Chunk:
    typed, broken, nulled = {}, {}, {}
    if batch.not_text is not None and batch.not_text.any():
        broken[NOT_TEXT] = batch.not_text
    for name, form in layout.forms.items():
        values = present(batch.column(name), form.missing)
        typed[name] = cast(values, form, layout.zone).alias(name)
        if typed[name].null_count() == values.null_count():
            continue
        wrong = values.is_not_null() & typed[name].is_null()
        reason = f"{name}: not {'an' if form.type == 'integer' else 'a'} {form.type}"
        mode = layout.modes.get(name, "reject")
        if mode == "fail":
            record = batch.numbers[int(wrong.arg_max() or 0)]
            raise DataError(
                f"{reason}, and its on_violation is fail (record {record:,}); nothing was written"
            )
        if mode == "null":
            nulled[f"{reason}, made null"] = wrong
        else:
            broken[reason] = wrong
    rows = pl.DataFrame(list(typed.values()))
    others = batch.values.select([n for n in batch.values.columns if n not in layout.forms])
    numbers = batch.numbers
    rejected = [
        Rejected(record=number, reasons=reason, text=None if layout.personal else text)
        for number, reason, text in batch.broken
    ]
    if broken:
        good = ~pl.select(pl.any_horizontal(broken.values())).to_series()
        rejected = sorted([*rejected, *_rejected(batch, broken, layout)], key=lambda r: r.record)
        rows, numbers = rows.filter(good), numbers[good.to_numpy()]
        others = others.filter(good) if others.width else others
        nulled = {reason: wrong & good for reason, wrong in nulled.items()}
    return Chunk(
        rows=rows,
        others=others,
        numbers=numbers,
        rejected=rejected,
        nulled=_rejected(batch, nulled, layout),
    )


def _rejected(batch: Records, reasons: Mapping[str, pl.Series], layout: Layout) -> list[Rejected]:
    """The rows for which one of the reasons holds."""
    if not reasons:
        return []
    texts = [pl.when(where).then(pl.lit(reason)) for reason, where in reasons.items()]
    why = pl.select(pl.concat_str(texts, separator="; ", ignore_nulls=True)).to_series()
    rows, numbers = batch.values.filter(why != ""), batch.numbers[(why != "").to_numpy()]
    return rejected_rows(rows, numbers, why.filter(why != ""), layout)


def rejected_rows(
    rows: pl.DataFrame,
    numbers: Numbers,
    reasons: Iterable[str],
    layout: Layout,
    *,
    typed: bool = False,
) -> list[Rejected]:
    """Rows that may not go on, each with its reasons; ``typed`` ones are written as JSON."""
    times = pl.col(pl.Datetime, pl.Date, pl.Time, pl.Duration).cast(pl.String)
    masked = [
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MASK)).alias(name)
        for name in layout.personal
        if name in rows.columns
    ]
    shown = rows.with_columns(times).with_columns(masked).to_dicts()  # Python's times end with 9999
    source = None if typed else layout.source
    return [
        Rejected(record=int(number), reasons=why, text=_text(row, source))
        for row, number, why in zip(shown, numbers, reasons, strict=True)
    ]


def _text(row: dict[str, Any], source: TableSource | None) -> str:
    """A record as its source could hold it."""
    if not isinstance(source, CsvSource):
        return json.dumps(row, ensure_ascii=False, default=str)
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=source.delimiter,
        quotechar=source.quote,
        escapechar=source.escape or (None if source.quote else "\\"),
        quoting=csv.QUOTE_MINIMAL if source.quote else csv.QUOTE_NONE,
        lineterminator="",
    )
    writer.writerow(row.values())
    return out.getvalue()


def quarantine(file: str, rejected: Iterable[Rejected]) -> pl.DataFrame:
    """Records of a file as they are written down."""
    rows = [(file, one.record, one.reasons, one.text) for one in rejected]
    return pl.DataFrame(rows, QUARANTINED, orient="row")


def tally(reasons: Counts, texts: Iterable[str]) -> None:
    """Add to the counts of reasons."""
    for text in texts:
        for reason in text.split("; "):
            reasons[reason] = reasons.get(reason, 0) + 1


def main_reasons(reasons: Counts) -> str:
    """The most frequent reasons with their counts."""
    ordered = sorted(reasons.items(), key=lambda one: -one[1])
    most = ", ".join(f"{reason} {count:,}" for reason, count in ordered[:MAIN_REASONS])
    more = len(ordered) - MAIN_REASONS
    return f"{most} and {more} more" if more > 0 else most
