"""One dataset: extract → transform → rules → split → load, every row accounted for."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..config import DateSplit, HashSplit
from ..errors import DataError
from ..terminal import progress
from . import transform
from .account import (
    GROUP_ROWS,
    KEY,
    PLACE,
    REJECTED,
    Run,
    accounted,
    conserved,
    few_enough,
    is_disk_full,
)
from .extract import ROW, Extraction, extract
from .rows import Counts, layout
from .split import SMALL_ROWS, SPLITS, by_date, by_hash, fair, time_of
from .validate import Breach, any_of, breaches, conform, nulled, nulling


def build(run: Run, folder: Path) -> dict[str, Any]:
    """Write the splits into ``folder`` and bad rows into quarantine; return the counts.

    Raises:
        DataError: a source, its rows or the transform do not fit.
        ConfigError: the split goes by a column that the contract has not.
    """
    with progress("data", sum(map(len, run.paths.values())) + 1) as bar:
        sources = {
            name: _extracted(run, name, lambda path: bar(note=path.name)) for name in run.paths
        }
        driving = sources[run.config.driving]
        if not driving.total("accepted"):
            raise DataError(
                f"source '{run.config.driving}' has no row that can be read, so there is nothing"
                f" to make a dataset of; rejected rows are in '{run.quarantine}'"
            )
        rules = breaches(run.contract)
        with _transform_runs():
            rows = _transformed(sources, run).with_columns(nulled(rules))
            split = _with_dates(run, rows, rules)
            place = _place(run, rows, rules, split)
            loaded, nulls = _load(run, rows, rules, place, folder)
            if not loaded[ROW].is_sorted():
                loaded, nulls = _load(run, rows.sort(ROW), rules, place, folder)
        counts, reasons = accounted(run, driving, rules, loaded, folder)
        bar(1, note="splits")
    return {
        "source_rows": {name: source.counts for name, source in sources.items()},
        "rows": counts,
        "reasons": {n: s.reasons for n, s in sources.items()} | {"contract": reasons | nulls},
        "cut": split.model_dump(mode="json") if isinstance(split, DateSplit) else None,
    }


def _extracted(run: Run, name: str, advance: Callable[[Path], None]) -> Extraction:
    rejected = run.quarantine / f"{name}.parquet"
    plan = layout(run.contract, name)
    source = extract(name, run.paths[name], plan, run.scratch, rejected, advance)
    for file, counts in source.counts.items():
        conserved(f"'{file}'", counts, "in")
    n_rejected, n_rows = source.total("rejected"), source.total("in")
    few_enough(run, f"source '{name}'", n_rejected, n_rows, source.reasons)
    return source


def _transformed(sources: dict[str, Extraction], run: Run) -> pl.LazyFrame:
    """The person's transform: ``_source_row`` and the contract's columns, of its types."""
    tables = {
        name: source.table(numbered=name == run.config.driving) for name, source in sources.items()
    }
    try:
        rows = transform.transform(tables)
        if not isinstance(rows, pl.LazyFrame):
            raise DataError(
                f"data/transform.py gives {type(rows).__name__} where a LazyFrame is due; end its"
                " function with return and the table"
            )
        columns = rows.collect_schema().names()
    except (LookupError, AttributeError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == transform.__file__]
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
    return conform(rows.select(ROW, *run.contract.columns), run.contract)


@contextmanager
def _transform_runs() -> Iterator[None]:
    """Turn a failure of the table engine into a message about the transform."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if is_disk_full(error):
            raise
        reason = str(error).splitlines()[0]
        raise DataError(f"the transform cannot be run: {reason}") from None


def _good(run: Run, rows: pl.LazyFrame, rules: list[Breach]) -> pl.LazyFrame:
    """Rows that have a label and break no rule."""
    labelled = pl.col(run.contract.target).is_not_null()
    return rows.filter(labelled & ~any_of(rules, "reject", "fail"))


def _with_dates(run: Run, rows: pl.LazyFrame, rules: list[Breach]) -> DateSplit | HashSplit:
    """The split, its dates counted back from the newest good row; bad ones must not move it."""
    split = run.config.split
    if isinstance(split, DateSplit | HashSplit):
        return split
    times = _good(run, rows, rules).select(pl.col(time_of(run.contract)).max())
    newest = times.collect(engine="streaming").item()
    if newest is None:
        raise DataError(
            "no row has a label and breaks no rule, so there is no newest row to split by; look at"
            f" the reasons in '{run.quarantine}'"
        )
    return split.until(newest.astimezone(run.contract.zone).date())


def _place(
    run: Run, rows: pl.LazyFrame, rules: list[Breach], split: DateSplit | HashSplit
) -> pl.Expr:
    """The place of each row: in ``SPLITS``, ``REJECTED``, or null where it has no label."""
    contract = run.contract
    if isinstance(split, DateSplit):
        place = by_date(contract, split)
    else:
        place = by_hash(contract, split)
        if rows.select(pl.len()).collect(engine="streaming").item() <= SMALL_ROWS:
            place = _fair(run, _good(run, rows, rules).collect(), split)
    return (
        pl.when(pl.col(contract.target).is_null())
        .then(pl.lit(None, pl.Int8))
        .when(any_of(rules, "reject", "fail"))
        .then(pl.lit(REJECTED, pl.Int8))
        .otherwise(place)
    )


def _fair(run: Run, rows: pl.DataFrame, split: HashSplit) -> pl.Expr:
    """The places that few rows are dealt to, by their number."""
    if run.contract.id is not None:
        rows = rows.unique(run.contract.id, keep=run.config.keep, maintain_order=True)
    numbers = rows[ROW].to_numpy()
    places = np.zeros(numbers.max(initial=0) + 1, np.int8)
    places[numbers] = fair(rows, run.contract, split)
    last, lookup = len(places) - 1, pl.Series(places)
    return pl.col(ROW).map_batches(
        lambda rows: lookup.gather(rows.clip(0, last)), pl.Int8, is_elementwise=True
    )


def _load(
    run: Run, rows: pl.LazyFrame, rules: list[Breach], place: pl.Expr, folder: Path
) -> tuple[pl.DataFrame, Counts]:
    """Write every split in one pass.

    Returns each row's number, place and hash of its id, and how many values became null by rule.
    """
    contract = run.contract
    key = pl.col(ROW) if contract.id is None else pl.col(contract.id).hash(1)
    rows = rows.with_columns(place.alias(PLACE), key.cast(pl.UInt64).alias(KEY))
    public = [ROW, *(name for name, column in contract.columns.items() if not column.pii)]
    sinks = [
        rows.filter(pl.col(PLACE) == number)
        .select(public)
        .sink_parquet(
            folder / f"{name}.parquet",
            compression="lz4",
            statistics=False,
            row_group_size=GROUP_ROWS,
            lazy=True,
        )
        for number, name in enumerate(SPLITS)
    ]
    rejected = rows.filter(pl.col(PLACE) == REJECTED).drop(KEY)
    flags = nulling(rules)
    nulls = rows.select(pl.col(flags).filter(pl.col(PLACE) < REJECTED).sum())
    queries = [*sinks, rejected.sink_parquet(run.rejected, lazy=True), nulls]
    *_, counted, numbers = pl.collect_all(
        [*queries, rows.select(ROW, PLACE, KEY)], engine="streaming"
    )
    counts = {f"{one.reason}, made null": counted[flag].item() for flag, one in flags.items()}
    return numbers, {reason: count for reason, count in counts.items() if count}
