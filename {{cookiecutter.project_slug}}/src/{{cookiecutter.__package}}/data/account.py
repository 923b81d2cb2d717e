"""Where each row went: counts that add up, and quarantine for those that may not stay."""

import errno
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ..config import DataConfig
from ..contract import Contract
from ..errors import DataError, TooManyRejectedError
from .extract import ROW, Extraction, shared
from .read import Numbers
from .rows import FILE, MASK, REASONS, RECORD, Counts, main_reasons, tally
from .split import SPLITS
from .validate import Breach, reasons_of

PLACE, KEY = "_split", "_key"
REJECTED = len(SPLITS)
GROUP_ROWS = 1 << 17
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run's inputs, and where it works."""

    contract: Contract
    config: DataConfig
    paths: dict[str, list[Path]]
    """The files of each source, in order."""
    quarantine: Path
    scratch: Path

    @property
    def rejected(self) -> Path:
        """Parquet of the rows that break a rule."""
        return self.scratch / "rejected.parquet"


def accounted(
    run: Run, driving: Extraction, rules: list[Breach], rows: pl.DataFrame, folder: Path
) -> tuple[Counts, Counts]:
    """Counts of the driving source's rows and of the reasons against some of them.

    ``rows`` are what the transform made: of each its number, its place and a hash of its id. Of
    rows that share an id, all but one are taken out of the splits' files.

    Raises:
        DataError: a row came twice or from nowhere, breaks a rule whose mode is fail, or too many
            are rejected.
    """
    _from_the_source(rows[ROW].fill_null(0).to_numpy().astype(np.int64), driving)
    places, n_rows = rows[PLACE], int(driving.accepted.sum())
    duplicates, reasons = _duplicates(run, rows, folder), Counts()
    taken = [_take_out(folder / f"{name}.parquet", duplicates, run) for name in SPLITS]
    counts = {
        "driving": n_rows,
        "filtered": n_rows - len(places),
        "kept": int((places < REJECTED).sum()) - len(duplicates),
        "unlabelled": places.null_count(),
        "rejected": int((places == REJECTED).sum()),
        "duplicates": len(duplicates),
    }
    conserved("transform", counts, "driving")
    if counts["rejected"] or len(duplicates):
        rejected = pl.scan_parquet(run.rejected).with_columns(reasons_of(rules, "reject", "fail"))
        _quarantine(run, driving, pl.concat([rejected, *taken], how="diagonal"), rules, reasons)
    labelled = len(places) - counts["unlabelled"]
    few_enough(run, "the contract", counts["rejected"], labelled, reasons)
    return counts, reasons


def _from_the_source(rows: Numbers, driving: Extraction) -> None:
    inside = (rows > 0) & (rows < len(driving.accepted))
    foreign = int((~driving.accepted[np.where(inside, rows, 0)]).sum())
    repeated = int((np.diff(rows) == 0).sum())
    if repeated or foreign:
        raise DataError(
            f"transform repeats {repeated:,} and invents {foreign:,} rows of the driving source; a"
            " join must match each of them at most once: make the other side unique in"
            " data/transform.py"
        )


def _duplicates(run: Run, rows: pl.DataFrame, folder: Path) -> pl.Series:
    """The numbers of rows for whose id another good row stays: the first or the last."""
    name, none = run.contract.id, rows[ROW].clear()
    if name is None:
        return none
    good = rows.filter(pl.col(PLACE) < REJECTED)
    alike = good[ROW].filter(pl.Series(shared(good[KEY].to_numpy())))
    if not len(alike):  # their hashes differ, so do their ids
        return none
    splits = pl.scan_parquet([folder / f"{split}.parquet" for split in SPLITS]).select(ROW, name)
    ids = splits.filter(pl.col(ROW).is_in(alike.implode())).collect()
    ids = ids.sort(ROW, descending=run.config.keep == "last")
    duplicates = ids.filter(~ids[name].is_first_distinct())[ROW]
    if len(duplicates) and run.contract.columns[name].mode("unique") == "fail":
        raise DataError(
            f"{len(duplicates):,} rows have a '{name}' that another row has, and its on_violation"
            " for unique is fail; nothing was written"
        )
    return duplicates


def _take_out(path: Path, duplicates: pl.Series, run: Run) -> pl.LazyFrame:
    """Take rows out of a split that is written already, and give them."""
    if not len(duplicates):
        return pl.LazyFrame()
    lost = pl.col(ROW).is_in(duplicates.implode())
    gone = pl.read_parquet(path).filter(lost)
    rows, rest = pl.scan_parquet(path).filter(~lost), path.with_suffix(".new")
    rows.sink_parquet(rest, compression="lz4", row_group_size=GROUP_ROWS)
    rest.replace(path)
    return gone.lazy().with_columns(pl.lit(f"{run.contract.id}: another row has it").alias(REASONS))


def _quarantine(
    run: Run, driving: Extraction, rows: pl.LazyFrame, rules: list[Breach], reasons: Counts
) -> None:
    """Write the rows that may not stay, each with its file, record and reasons, and count these."""
    place = pl.col(ROW).map_batches(
        lambda rows: driving.places(rows.to_numpy().astype(np.int64)).to_struct(),
        pl.Struct({FILE: pl.String, RECORD: pl.Int64}),
        is_elementwise=True,
    )
    masks = [
        pl.lit(MASK if column.type in {"string", "category"} else None).alias(name)
        for name, column in run.contract.columns.items()
        if column.pii
    ]
    columns = [FILE, RECORD, ROW, REASONS, *run.contract.columns]
    path = run.quarantine / "contract.parquet"
    placed = rows.with_columns(place.alias(PLACE)).unnest(PLACE)
    placed.with_columns(masks).select(columns).sink_parquet(path, compression="zstd")
    written = pl.read_parquet(path, columns=[FILE, RECORD, REASONS])
    tally(reasons, written[REASONS])
    if fatal := [one.reason for one in rules if one.mode == "fail" and one.reason in reasons]:
        first = written.filter(pl.col(REASONS).str.contains(fatal[0], literal=True))
        raise DataError(
            f"{fatal[0]}, and its on_violation is fail ('{first[FILE][0]}', record"
            f" {first[RECORD][0]:,}); nothing was written"
        )


def conserved(what: str, counts: Counts, whole: str) -> None:
    """Every row that came in went somewhere.

    Raises:
        DataError: one did not.
    """
    parts = sum(value for key, value in counts.items() if key != whole)
    if counts[whole] != parts:
        raise DataError(
            f"{what}: {counts[whole]:,} rows came in but {parts:,} are accounted for: {counts}"
        )


def few_enough(run: Run, what: str, rejected: int, total: int, reasons: Counts) -> None:
    """Stop where more rows are rejected than the settings allow.

    Raises:
        TooManyRejectedError: saying why they are.
    """
    most = run.config.max_rejected_fraction
    if rejected > most * total:
        raise TooManyRejectedError(
            f"{what} rejected {rejected:,} of {total:,} rows, more than"
            f" data.max_rejected_fraction = {most:g} ({main_reasons(reasons)}); the rows and their"
            f" reasons are in '{run.quarantine}'; the current dataset is unchanged"
        )


def is_disk_full(error: BaseException) -> bool:
    """Whether the system had no space left; polars says so in its own errors."""
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return True
    return any(f"os error {code}" in str(error) for code in DISK_FULL)
