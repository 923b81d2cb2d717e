"""Sources → transform → rules → splits, every row accounted for."""

import errno
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..config import DataConfig
from ..contract import Contract
from ..errors import DataError
from . import transform
from .rows import Extraction, extract, layout_of, more_than_once
from .split import SPLITS, places
from .validate import (
    FILE,
    KEY,
    REASONS,
    RECORD,
    ROW,
    Violation,
    account,
    any_of,
    conform,
    reasons_of,
    tally,
    violations,
)

PLACE, BAD = "_split", "bad"
REJECTED, DUPLICATE = len(SPLITS), len(SPLITS) + 1
"""Places of rows that go into no split."""
GROUP_ROWS = 1 << 17
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def build(
    contract: Contract,
    config: DataConfig,
    paths: dict[str, list[Path]],
    scratch: Path,
    quarantine: Path,
) -> dict[str, Any]:
    """Write the splits into ``scratch`` and bad rows into ``quarantine``; return the counts.

    ``paths`` are the files of each source, in order.
    """
    most, rules = config.max_rejected_fraction, violations(contract)
    sources = dict[str, Extraction]()
    for name, files in paths.items():
        layout = layout_of(contract, contract.sources[name], contract.source_columns(name))
        target, bad = scratch / f"{name}.rows", quarantine / f"{name}.parquet"
        source = sources[name] = extract(layout, files, target, bad)
        account(f"source '{name}'", source.counts, source.reasons, most, quarantine)
    driving = sources[config.driving]
    with _transform_errors(contract):
        tables = {name: one.table(numbered=one is driving) for name, one in sources.items()}
        rows = _transformed(contract, tables)
        broken, labelled = any_of(rules), pl.col(contract.target).is_not_null()
        place, cut = places(rows, labelled & ~broken, contract, config.split)
        place = pl.when(labelled).then(pl.when(broken).then(_place(REJECTED)).otherwise(place))
        loaded = _load(rows, place, contract, scratch)
        _refuse_foreign(loaded[ROW], driving)
        duplicates, in_order = _duplicates(loaded, contract.id, scratch), loaded[ROW].is_sorted()
        if len(duplicates) or not in_order:  # all is written once more, which is rare
            is_duplicate = pl.col(ROW).is_in(duplicates.implode())
            place = pl.when(is_duplicate).then(_place(DUPLICATE)).otherwise(place)
            loaded = _load(rows if in_order else rows.sort(ROW), place, contract, scratch)
    counts = _ends(driving.counts["accepted"], loaded[PLACE])
    reasons = _quarantine(contract, rules, driving, scratch, quarantine)
    account("the contract", counts, reasons, most, quarantine)
    return {
        "source_rows": {name: one.counts for name, one in sources.items()},
        "rows": counts,
        "reasons": {name: one.reasons for name, one in sources.items()} | {"transform": reasons},
        "cut": cut and cut.model_dump(mode="json"),
    }


def _place(number: int) -> pl.Expr:
    return pl.lit(number, pl.Int8)


@contextmanager
def _transform_errors(contract: Contract) -> Iterator[None]:
    """Turn what a wrong transform raises, when it is called or run, into a message about it."""
    try:
        yield
    except (LookupError, AttributeError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        if is_disk_full(error):
            raise
        raise DataError(
            f"data/transform.py does not fit the contract's sources ({', '.join(contract.sources)})"
            f" and their columns: {type(error).__name__}: {str(error).splitlines()[0]}"
        ) from None


def is_disk_full(error: BaseException) -> bool:
    """Whether the system had no space left; polars says so in its own errors."""
    texts = [f"os error {code}" for code in DISK_FULL]
    return getattr(error, "errno", None) in DISK_FULL or any(t in str(error) for t in texts)


def _transformed(contract: Contract, tables: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """What the transform makes: ``_source_row`` and the contract's columns, of its types."""
    rows = transform.transform(tables)
    if not isinstance(rows, pl.LazyFrame):
        kind = type(rows).__name__
        raise DataError(f"data/transform.py gives {kind}; end its function with return and a table")
    columns, names = rows.collect_schema(), (ROW, *contract.columns)
    if absent := [name for name in names if name not in columns]:
        what = ", ".join(map(repr, absent))
        raise DataError(f"data/transform.py gives no column {what}, which contract.yaml names")
    number = pl.col(ROW).cast(pl.UInt32, strict=False).fill_null(0)
    return conform(rows.select(names).with_columns(number), contract)


def _load(rows: pl.LazyFrame, place: pl.Expr, contract: Contract, folder: Path) -> pl.DataFrame:
    """Write every split in one pass; give each row's number, place and hash of its id."""
    rows = rows.with_columns(place.alias(PLACE))
    options: dict[str, Any] = {"compression": "lz4", "row_group_size": GROUP_ROWS, "lazy": True}
    queries = []
    for number, name in enumerate(SPLITS):
        part = rows.filter(pl.col(PLACE) == number).select(_public(contract))
        queries.append(part.sink_parquet(folder / f"{name}.parquet", statistics=False, **options))
    bad = rows.filter(pl.col(PLACE) >= REJECTED)
    queries.append(bad.sink_parquet(folder / BAD, **options))
    key = (pl.col(contract.id or ROW).hash(1) // 2**32).cast(pl.UInt32).alias(KEY)
    queries.append(rows.select(ROW, PLACE, *[key] * (contract.id is not None)))
    return pl.collect_all(queries, engine="streaming")[-1]


def _public(contract: Contract) -> list[str]:
    return [ROW, *(name for name, column in contract.columns.items() if not column.pii)]


def _refuse_foreign(numbers: pl.Series, driving: Extraction) -> None:
    """Each row must be one of the driving source's, and be there once; no row has the number 0."""
    rows, accepted = numbers.to_numpy(), driving.accepted
    foreign = int((~accepted[np.where(rows < len(accepted), rows, 0)]).sum())
    repeated = len(more_than_once(numbers))
    if repeated or foreign:
        raise DataError(
            f"data/transform.py repeats {repeated:,} and invents {foreign:,} rows of the driving"
            " source; a join must match each of them at most once: make the other side unique"
        )


def _duplicates(loaded: pl.DataFrame, name: str | None, folder: Path) -> pl.Series:
    """The numbers of good rows whose id, of this name, an earlier good row has."""
    if name is None:
        return loaded[ROW].clear()
    good = loaded.filter(pl.col(PLACE) < REJECTED)
    alike = good.filter(pl.col(KEY).is_in(more_than_once(good[KEY]).implode()))[ROW]
    if alike.is_empty():  # their hashes differ, so do their ids
        return alike
    rows = pl.scan_parquet([folder / f"{split}.parquet" for split in SPLITS]).select(ROW, name)
    ids = rows.filter(pl.col(ROW).is_in(alike.implode())).collect().sort(ROW)
    return ids.filter(~pl.col(name).is_first_distinct())[ROW]


def _ends(n_rows: int, places: pl.Series) -> dict[str, int]:
    """What became of the driving source's rows."""
    return {
        "driving": n_rows,
        "filtered": n_rows - len(places),
        "kept": int((places < REJECTED).sum()),
        "unlabelled": places.null_count(),
        "rejected": int((places == REJECTED).sum()),
        "duplicates": int((places == DUPLICATE).sum()),
    }


def _quarantine(
    contract: Contract, rules: list[Violation], driving: Extraction, scratch: Path, folder: Path
) -> Counter[str]:
    """Write the rows that may not stay, each with its file and record, and count their reasons."""
    starts = {FILE: [*driving.starts], RECORD: [*driving.starts.values()]}
    files = pl.LazyFrame(starts, {FILE: pl.String, RECORD: pl.UInt32})
    rows = pl.scan_parquet(scratch / BAD)
    rows = rows.join_asof(files, left_on=ROW, right_on=RECORD, allow_exact_matches=False)
    record = (pl.col(ROW) - pl.col(RECORD)).cast(pl.Int64)
    repeats = pl.lit(f"{contract.id}: another row has it")
    why = pl.when(pl.col(PLACE) == DUPLICATE).then(repeats).otherwise(reasons_of(rules))
    rows = rows.select(FILE, record.alias(RECORD), why.alias(REASONS), *_public(contract))
    path = folder / "contract.parquet"
    rows.sink_parquet(path, compression="zstd")
    return tally(pl.read_parquet(path, columns=[REASONS]))
