"""Sources → transform → rules → splits, every row accounted for."""

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..errors import DataError
from ..terminal import progress
from . import transform
from .extract import Extraction, Run, conserved, extract, refuse_many, shared
from .rows import FILE, REASONS, RECORD, ROW, Counts, refuse_failing, tally
from .split import SPLITS, places
from .validate import Breach, any_of, breaches, conform, reasons_of

PLACE, KEY = "_split", "_key"
REJECTED, DUPLICATE = len(SPLITS), len(SPLITS) + 1
"""Places of rows that go into no split."""
GROUP_ROWS = 1 << 17
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def build(run: Run, folder: Path) -> dict[str, Any]:
    """Write the splits into ``folder`` and bad rows into quarantine; return the counts."""
    contract = run.contract
    with progress("data", sum(map(len, run.paths.values())) + 1) as bar:
        sources = {name: extract(run, name, bar) for name in run.paths}
        driving, rules = sources[run.config.driving], breaches(contract)
        with _transform_errors(run):
            rows = _transformed(run, sources)
            broken, labelled = any_of(rules), pl.col(contract.target).is_not_null()
            place, cut = places(rows, labelled & ~broken, contract, run.config)
            place = pl.when(broken).then(pl.lit(REJECTED, pl.Int8)).otherwise(place)
            place = pl.when(labelled).then(place)
            loaded = _load(run, rows, place, folder)
            if not loaded[ROW].is_sorted():
                rows = rows.sort(ROW)
                loaded = _load(run, rows, place, folder)
            _refuse_foreign(loaded[ROW], driving)
            duplicates = _duplicates(run, loaded, folder)
            if len(duplicates):  # all is written once more, which is rare
                twice = pl.col(ROW).is_in(duplicates.implode())
                place = pl.when(twice).then(pl.lit(DUPLICATE, pl.Int8)).otherwise(place)
                loaded = _load(run, rows, place, folder)
        counts, reasons = _accounted(run, driving, rules, loaded[PLACE])
        bar(note="splits")
    return {
        "source_rows": {name: source.counts for name, source in sources.items()},
        "rows": counts,
        "reasons": {n: s.reasons for n, s in sources.items()} | {"contract": reasons},
        "cut": cut and cut.model_dump(mode="json"),
    }


@contextmanager
def _transform_errors(run: Run) -> Iterator[None]:
    """Turn what a wrong transform raises, when it is called or run, into a message about it."""
    try:
        yield
    except (LookupError, AttributeError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        if is_disk_full(error):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == transform.__file__]
        where = f"data/transform.py, line {lines[-1]}," if lines else "data/transform.py"
        raise DataError(
            f"{where} does not fit the contract's sources ({', '.join(run.paths)}) and their"
            f" columns: {type(error).__name__}: {str(error).splitlines()[0]}"
        ) from None


def is_disk_full(error: BaseException) -> bool:
    """Whether the system had no space left; polars says so in its own errors."""
    return getattr(error, "errno", None) in DISK_FULL or any(
        f"os error {code}" in str(error) for code in DISK_FULL
    )


def _transformed(run: Run, sources: dict[str, Extraction]) -> pl.LazyFrame:
    """What the transform makes: ``_source_row`` and the contract's columns, of its types."""
    rows = transform.transform(
        {name: one.table(numbered=name == run.config.driving) for name, one in sources.items()}
    )
    if not isinstance(rows, pl.LazyFrame):
        raise DataError(
            f"data/transform.py gives {type(rows).__name__} where a LazyFrame is due; end its"
            " function with return and the table"
        )
    columns, names = rows.collect_schema(), (ROW, *run.contract.columns)
    if absent := [name for name in names if name not in columns]:
        raise DataError(
            f"transform gives no column {', '.join(map(repr, absent))}, which the contract names;"
            " add it in data/transform.py or take it out of contract.yaml"
        )
    number = pl.col(ROW).cast(pl.UInt32, strict=False).fill_null(0)
    return conform(rows.select(names).with_columns(number), run.contract)


def _load(run: Run, rows: pl.LazyFrame, place: pl.Expr, folder: Path) -> pl.DataFrame:
    """Write every split in one pass; give each row's number, place and hash of its id."""
    rows = rows.with_columns(place.alias(PLACE))
    sinks = [
        rows.filter(pl.col(PLACE) == number)
        .select(_public(run))
        .sink_parquet(
            folder / f"{name}.parquet",
            compression="lz4",
            statistics=False,
            row_group_size=GROUP_ROWS,
            lazy=True,
        )
        for number, name in enumerate(SPLITS)
    ]
    bad = rows.filter(pl.col(PLACE) >= REJECTED).sink_parquet(run.scratch / "bad", lazy=True)
    key = pl.col(run.contract.id or ROW).hash(1).alias(KEY)
    queries = [*sinks, bad, rows.select(ROW, PLACE, key)]
    return pl.collect_all(queries, engine="streaming")[-1]


def _public(run: Run) -> list[str]:
    return [ROW, *(name for name, column in run.contract.columns.items() if not column.pii)]


def _refuse_foreign(numbers: pl.Series, driving: Extraction) -> None:
    """Each row must be one of the driving source's, and be there once; no row has the number 0."""
    rows = numbers.to_numpy().astype(np.int64)
    foreign = int((~driving.accepted[np.where(rows < len(driving.accepted), rows, 0)]).sum())
    repeated = int((np.diff(rows) == 0).sum())
    if repeated or foreign:
        raise DataError(
            f"transform repeats {repeated:,} and invents {foreign:,} rows of the driving source; a"
            " join must match each of them at most once: make the other side unique in"
            " data/transform.py"
        )


def _duplicates(run: Run, loaded: pl.DataFrame, folder: Path) -> pl.Series:
    """The numbers of rows for whose id another good row stays: the first or the last."""
    name, good = run.contract.id, loaded.filter(pl.col(PLACE) < REJECTED)
    alike = good[ROW].filter(pl.Series(shared(good[KEY].to_numpy())))
    if name is None or not len(alike):  # their hashes differ, so do their ids
        return alike.clear()
    splits = pl.scan_parquet([folder / f"{split}.parquet" for split in SPLITS]).select(ROW, name)
    ids = splits.filter(pl.col(ROW).is_in(alike.implode())).collect()
    ids = ids.sort(ROW, descending=run.config.keep == "last")
    return ids.filter(~ids[name].is_first_distinct())[ROW]


def _accounted(
    run: Run, driving: Extraction, rules: list[Breach], ends: pl.Series
) -> tuple[Counts, Counts]:
    """What became of the driving source's rows, and the reasons against those in quarantine."""
    n_rows, reasons = driving.counts["accepted"], Counts()
    counts = {
        "driving": n_rows,
        "filtered": n_rows - len(ends),
        "kept": int((ends < REJECTED).sum()),
        "unlabelled": ends.null_count(),
        "rejected": int((ends == REJECTED).sum()),
        "duplicates": int((ends == DUPLICATE).sum()),
    }
    conserved("transform", counts)
    if counts["rejected"] or counts["duplicates"]:
        quarantined = _quarantine(run, driving, rules)
        tally(reasons, quarantined[REASONS])
        refuse_failing(quarantined, run.contract)
    labelled = len(ends) - counts["unlabelled"]
    refuse_many(run, "the contract", counts["rejected"], labelled, reasons)
    return counts, reasons


def _quarantine(run: Run, driving: Extraction, rules: list[Breach]) -> pl.DataFrame:
    """Write the rows that may not stay, and give of each its file, record and reasons."""
    twin = pl.lit(f"{run.contract.id}: another row has it")
    why = pl.when(pl.col(PLACE) == DUPLICATE).then(twin).otherwise(reasons_of(rules))
    place = pl.Struct({FILE: pl.String, RECORD: pl.Int64})
    origin = pl.col(ROW).map_batches(driving.origin, place, is_elementwise=True)
    path, rows = run.quarantine / "contract.parquet", pl.scan_parquet(run.scratch / "bad")
    rows = rows.with_columns(why.alias(REASONS), origin.alias(PLACE)).unnest(PLACE)
    rows.select(FILE, RECORD, REASONS, *_public(run)).sink_parquet(path, compression="zstd")
    return pl.read_parquet(path, columns=[FILE, RECORD, REASONS])
