"""Sources → transform → rules → splits, every row accounted for."""

import errno
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..config import DataConfig
from ..contract import Contract
from ..errors import DataError
from . import transform
from .rows import Extraction, extract, layout, shared
from .split import SPLITS, places
from .validate import (
    FILE,
    REASONS,
    RECORD,
    ROW,
    Breach,
    any_of,
    breaches,
    conform,
    reasons_of,
    refuse_many,
    tally,
)

PLACE, KEY = "_split", "_key"
REJECTED, DUPLICATE = len(SPLITS), len(SPLITS) + 1
"""Places of rows that go into no split."""
GROUP_ROWS = 1 << 17
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Run:
    """One run's inputs, and where it works."""

    contract: Contract
    config: DataConfig
    paths: dict[str, list[Path]]
    """The files of each source, in order."""
    quarantine: Path
    scratch: Path


def build(run: Run, folder: Path) -> dict[str, Any]:
    """Write the splits into ``folder`` and bad rows into quarantine; return the counts."""
    contract, rules = run.contract, breaches(run.contract)
    sources = {name: _extracted(run, name) for name in run.paths}
    driving = sources[run.config.driving]
    with _transform_errors(run):
        rows = _transformed(run, sources)
        broken, labelled = any_of(rules), pl.col(contract.target).is_not_null()
        place, cut = places(rows, labelled & ~broken, contract, run.config.split)
        rejected = pl.lit(REJECTED, pl.Int8)
        place = pl.when(labelled & broken).then(rejected).when(labelled).then(place)
        loaded = _load(run, rows, place, folder)
        _refuse_foreign(loaded[ROW], driving)
        duplicates, in_order = _duplicates(run, loaded, folder), loaded[ROW].is_sorted()
        if len(duplicates) or not in_order:  # all is written once more, which is rare
            is_duplicate = pl.when(pl.col(ROW).is_in(duplicates.implode()))
            place = is_duplicate.then(pl.lit(DUPLICATE, pl.Int8)).otherwise(place)
            loaded = _load(run, rows if in_order else rows.sort(ROW), place, folder)
    counts, reasons = _accounted(run, driving, rules, loaded[PLACE])
    return {
        "source_rows": {name: source.counts for name, source in sources.items()},
        "rows": counts,
        "reasons": {n: s.reasons for n, s in sources.items()} | {"transform": reasons},
        "cut": cut and cut.model_dump(mode="json"),
    }


def _extracted(run: Run, name: str) -> Extraction:
    """A source's typed rows, if not too many of them are rejected."""
    target, bad = run.scratch / f"{name}.parquet", run.quarantine / f"{name}.parquet"
    source = extract(layout(run.contract, name), run.paths[name], target, bad)
    _conserved(f"source '{name}'", source.counts)
    _refuse_many(run, f"source '{name}'", source.counts, source.reasons)
    return source


def _refuse_many(run: Run, what: str, counts: dict[str, int], reasons: Counter[str]) -> None:
    most = run.config.max_rejected_fraction
    refuse_many(what, counts["rejected"], counts["in"], reasons, most, run.quarantine)


def _conserved(what: str, counts: dict[str, int]) -> None:
    """Stop where a row that came in went nowhere; the first count is of all."""
    whole, *parts = counts.values()
    if whole != sum(parts):
        raise DataError(f"{what}: {whole:,} rows came in, not {sum(parts):,}: {counts}")


@contextmanager
def _transform_errors(run: Run) -> Iterator[None]:
    """Turn what a wrong transform raises, when it is called or run, into a message about it."""
    try:
        yield
    except (LookupError, AttributeError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        if is_disk_full(error):
            raise
        raise DataError(
            f"data/transform.py does not fit the contract's sources ({', '.join(run.paths)}) and"
            f" their columns: {type(error).__name__}: {str(error).splitlines()[0]}"
        ) from None


def is_disk_full(error: BaseException) -> bool:
    """Whether the system had no space left; polars says so in its own errors."""
    texts = [f"os error {code}" for code in DISK_FULL]
    return getattr(error, "errno", None) in DISK_FULL or any(t in str(error) for t in texts)


def _transformed(run: Run, sources: dict[str, Extraction]) -> pl.LazyFrame:
    """What the transform makes: ``_source_row`` and the contract's columns, of its types."""
    rows = transform.transform(
        {name: one.table(numbered=name == run.config.driving) for name, one in sources.items()}
    )
    if not isinstance(rows, pl.LazyFrame):
        kind = type(rows).__name__
        raise DataError(f"data/transform.py gives {kind}; end its function with return and a table")
    columns, names = rows.collect_schema(), (ROW, *run.contract.columns)
    if absent := [name for name in names if name not in columns]:
        what = ", ".join(map(repr, absent))
        raise DataError(f"data/transform.py gives no column {what}, which contract.yaml names")
    number = pl.col(ROW).cast(pl.UInt32, strict=False).fill_null(0)
    return conform(rows.select(names).with_columns(number), run.contract)


def _load(run: Run, rows: pl.LazyFrame, place: pl.Expr, folder: Path) -> pl.DataFrame:
    """Write every split in one pass; give each row's number, place and hash of its id."""
    rows = rows.with_columns(place.alias(PLACE))
    options: dict[str, Any] = {"compression": "lz4", "row_group_size": GROUP_ROWS, "lazy": True}
    queries = []
    for number, name in enumerate(SPLITS):
        part = rows.filter(pl.col(PLACE) == number).select(_public(run))
        queries.append(part.sink_parquet(folder / f"{name}.parquet", statistics=False, **options))
    bad = rows.filter(pl.col(PLACE) >= REJECTED)
    queries.append(bad.sink_parquet(run.scratch / "bad", **options))
    key = (pl.col(run.contract.id or ROW).hash(1) // 2**32).cast(pl.UInt32).alias(KEY)
    queries.append(rows.select(ROW, PLACE, *[key] * (run.contract.id is not None)))
    return pl.collect_all(queries, engine="streaming")[-1]


def _public(run: Run) -> list[str]:
    return [ROW, *(name for name, column in run.contract.columns.items() if not column.pii)]


def _refuse_foreign(numbers: pl.Series, driving: Extraction) -> None:
    """Each row must be one of the driving source's, and be there once; no row has the number 0."""
    rows = np.sort(numbers.to_numpy())
    foreign = int((~driving.accepted[np.where(rows < len(driving.accepted), rows, 0)]).sum())
    repeated = int((rows[1:] == rows[:-1]).sum())
    if repeated or foreign:
        raise DataError(
            f"data/transform.py repeats {repeated:,} and invents {foreign:,} rows of the driving"
            " source; a join must match each of them at most once: make the other side unique"
        )


def _duplicates(run: Run, loaded: pl.DataFrame, folder: Path) -> pl.Series:
    """The numbers of good rows whose id an earlier good row has."""
    name, good = run.contract.id, loaded.filter(pl.col(PLACE) < REJECTED)
    if name is None:
        return good[ROW].clear()
    alike = good[ROW].filter(shared(good[KEY].to_numpy()))
    if not len(alike):  # their hashes differ, so do their ids
        return alike
    splits = pl.scan_parquet([folder / f"{split}.parquet" for split in SPLITS]).select(ROW, name)
    ids = splits.filter(pl.col(ROW).is_in(alike.implode())).collect().sort(ROW)
    return ids.filter(~ids[name].is_first_distinct())[ROW]


def _accounted(
    run: Run, driving: Extraction, rules: list[Breach], ends: pl.Series
) -> tuple[dict[str, int], Counter[str]]:
    """What became of the driving source's rows, and the reasons against those in quarantine."""
    n_rows, n_labelled = driving.counts["accepted"], len(ends) - ends.null_count()
    counts = {
        "driving": n_rows,
        "filtered": n_rows - len(ends),
        "kept": int((ends < REJECTED).sum()),
        "unlabelled": ends.null_count(),
        "rejected": int((ends == REJECTED).sum()),
        "duplicates": int((ends == DUPLICATE).sum()),
    }
    _conserved("transform", counts)
    reasons = Counter[str]()
    if counts["rejected"] or counts["duplicates"]:
        reasons = tally(_quarantine(run, driving, rules))
    _refuse_many(run, "the contract", counts | {"in": n_labelled}, reasons)
    return counts, reasons


def _quarantine(run: Run, driving: Extraction, rules: list[Breach]) -> pl.DataFrame:
    """Write the rows that may not stay, and give their reasons."""
    repeats = pl.lit(f"{run.contract.id}: another row has it")
    why = pl.when(pl.col(PLACE) == DUPLICATE).then(repeats).otherwise(reasons_of(rules))
    starts = {FILE: [*driving.starts], RECORD: [*driving.starts.values()]}
    files = pl.LazyFrame(starts, {FILE: pl.String, RECORD: pl.UInt32})
    rows = pl.scan_parquet(run.scratch / "bad").with_columns(why.alias(REASONS))
    rows = rows.join_asof(files, left_on=ROW, right_on=RECORD, allow_exact_matches=False)
    rows = rows.with_columns((pl.col(ROW) - pl.col(RECORD)).cast(pl.Int64).alias(RECORD))
    path = run.quarantine / "contract.parquet"
    rows.select(FILE, RECORD, REASONS, *_public(run)).sink_parquet(path, compression="zstd")
    return pl.read_parquet(path, columns=[REASONS])
