"""One dataset: extract → transform → rules → split → load, every row accounted for."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..config import DateSplit, HashSplit
from ..errors import DataError
from ..terminal import Bar, progress
from . import transform
from .account import (
    FAILED,
    GROUP_ROWS,
    KEY,
    PLACE,
    REJECTED,
    Loaded,
    Run,
    accounted,
    conserved,
    few_enough,
    is_disk_full,
    summarize,
)
from .extract import ROW, Extraction, extract
from .rows import layout
from .split import SMALL_ROWS, SPLITS, by_date, by_hash, fair, time_of
from .validate import Breach, any_of, breaches, conform, flagged, nulled


def build(run: Run, folder: Path) -> dict[str, Any]:
    """Write the splits into ``folder`` and bad rows into quarantine; return the counts.

    Raises:
        DataError: a source, its rows or the transform do not fit.
        ConfigError: the split goes by a column that the contract has not.
    """
    n_files = sum(map(len, run.paths.values()))
    with progress("data", n_files + 1) as bar:
        extracted = {name: _extracted(run, name, bar) for name in run.paths}
        driving = extracted[run.config.driving]
        if not driving.total["accepted"]:
            raise DataError(
                f"source '{run.config.driving}' has no row that can be read, so there is nothing"
                f" to make a dataset of; rejected rows are in '{run.quarantine}'"
            )
        found = breaches(run.contract)
        with _transform_runs():
            rows = _transformed(extracted, run).with_columns(nulled(found))
            split = _with_dates(run, rows, found)
            assign = _assigner(run, rows, found, split)
            loaded = _load(run, rows, found, assign, folder)
            if not loaded.in_order:
                loaded = _load(run, rows.sort(ROW), found, assign, folder)
        counts, reasons = accounted(run, driving, found, loaded, folder)
        bar(1, note="splits")
    return {
        "source_rows": {name: extraction.counts for name, extraction in extracted.items()},
        "rows": counts,
        "reasons": {n: e.reasons for n, e in extracted.items()} | {"contract": reasons},
        "cut": split.model_dump(mode="json") if isinstance(split, DateSplit) else None,
    }


def _extracted(run: Run, name: str, bar: Bar) -> Extraction:
    found = extract(
        name,
        run.paths[name],
        layout(run.contract, name),
        run.scratch,
        run.quarantine / f"{name}.parquet",
        lambda path: bar(note=path.name),
    )
    for file, counts in found.counts.items():
        conserved(f"'{file}'", counts, "in")
    summarize(run.quarantine, name, found.counts, found.reasons)
    few_enough(run, f"source '{name}'", found.total["rejected"], found.total["in"], found.reasons)
    return found


def _transformed(extracted: dict[str, Extraction], run: Run) -> pl.LazyFrame:
    """The person's transform: ``_source_row`` and the contract's columns, of its types."""
    tables = {
        name: extraction.table(numbered=name == run.config.driving)
        for name, extraction in extracted.items()
    }
    try:
        made = transform.transform(tables)
        if not isinstance(made, pl.LazyFrame):
            raise DataError(
                f"data/transform.py gives {type(made).__name__} where a LazyFrame is due; end its"
                " function with return and the table"
            )
        columns = made.collect_schema().names()
    except (KeyError, AttributeError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        steps = traceback.extract_tb(error.__traceback__)
        lines = [step.lineno for step in steps if step.filename == transform.__file__]
        where = f"data/transform.py, line {lines[-1]}," if lines else "data/transform.py"
        raise DataError(
            f"{where} does not fit the contract's sources ({', '.join(tables)}) and their columns:"
            f" {type(error).__name__}: {str(error).splitlines()[0]}"
        ) from None
    if absent := [name for name in (ROW, *run.contract.columns) if name not in columns]:
        raise DataError(
            f"transform gives no column {', '.join(map(repr, absent))}, which the contract names;"
            " add it in data/transform.py or take it out of contract.yaml"
        )
    return conform(made.select(ROW, *run.contract.columns), run.contract)


@contextmanager
def _transform_runs() -> Iterator[None]:
    """What the table engine says while it runs, as what a person can mend."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if is_disk_full(error):
            raise
        said = str(error).splitlines()[0]
        raise DataError(f"the transform cannot be run: {said}") from None


def _good(run: Run, rows: pl.LazyFrame, found: list[Breach]) -> pl.LazyFrame:
    """Rows that have a label and break no rule."""
    bad = any_of(found, "reject") | any_of(found, "fail")
    return rows.filter(pl.col(run.contract.target).is_not_null() & ~bad)


def _with_dates(run: Run, rows: pl.LazyFrame, found: list[Breach]) -> DateSplit | HashSplit:
    """The split, its dates counted back from the newest good row; bad ones must not move it."""
    split = run.config.split
    if isinstance(split, DateSplit | HashSplit):
        return split
    name = time_of(run.contract)
    newest = _good(run, rows, found).select(pl.col(name).max()).collect(engine="streaming").item()
    if newest is None:
        raise DataError(
            "no row has a label and breaks no rule, so there is no newest row to split by; look at"
            f" the reasons in '{run.quarantine}'"
        )
    return split.until(newest.astimezone(run.contract.zone).date())


def _assigner(
    run: Run, rows: pl.LazyFrame, found: list[Breach], split: DateSplit | HashSplit
) -> pl.Expr:
    """The place in ``SPLITS`` of each row."""
    if isinstance(split, DateSplit):
        return by_date(run.contract, split)
    expression = by_hash(run.contract, split)
    n_rows = rows.select(pl.len()).collect(engine="streaming").item()
    if n_rows > SMALL_ROWS:
        return expression
    good = _good(run, rows, found).collect()
    if run.contract.id is not None:
        good = good.unique(run.contract.id, keep=run.config.keep, maintain_order=True)
    rows_of = good[ROW].to_numpy()
    places = np.zeros(rows_of.max(initial=0) + 1, np.int8)
    places[rows_of] = fair(good, run.contract, split)
    lookup = pl.Series(places)
    return pl.col(ROW).map_batches(
        lambda numbers: lookup.gather(numbers.clip(0, len(places) - 1)),
        pl.Int8,
        is_elementwise=True,
    )


def _load(
    run: Run, rows: pl.LazyFrame, found: list[Breach], assign: pl.Expr, folder: Path
) -> Loaded:
    """Write every split in one pass."""
    contract = run.contract
    place = (
        pl.when(pl.col(contract.target).is_null())
        .then(pl.lit(None, pl.Int8))
        .when(any_of(found, "fail"))
        .then(pl.lit(FAILED, pl.Int8))
        .when(any_of(found, "reject"))
        .then(pl.lit(REJECTED, pl.Int8))
        .otherwise(assign)
    )
    key = pl.col(ROW) if contract.id is None else pl.col(contract.id).hash(1)
    rows = rows.with_columns(place.alias(PLACE), key.cast(pl.UInt64).alias(KEY))
    public = [ROW, *(name for name, column in contract.columns.items() if not column.pii)]
    sinks = [
        rows.filter(pl.col(PLACE) == number)
        .select(public)
        .sink_parquet(
            folder / f"{name}.parquet", compression="lz4", row_group_size=GROUP_ROWS, lazy=True
        )
        for number, name in enumerate(SPLITS)
    ]
    bad = run.scratch / "bad.parquet"
    sinks.append(rows.filter(pl.col(PLACE) >= REJECTED).drop(KEY).sink_parquet(bad, lazy=True))
    flags = {f"{breach.reason}, made null": flag for flag, breach in flagged(found).items()}
    counted = rows.select(pl.col(flags.values()).filter(pl.col(PLACE) < REJECTED).sum())
    queries = [*sinks, counted, rows.select(ROW, PLACE, KEY)]
    *_, mended, numbers = pl.collect_all(queries, engine="streaming")
    counts = {reason: mended[flag].item() for reason, flag in flags.items()}
    return Loaded(numbers=numbers, bad=bad, mended={n: c for n, c in counts.items() if c})
