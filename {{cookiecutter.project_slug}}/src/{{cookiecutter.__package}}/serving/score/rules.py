"""The contract's rules over rows that are to be scored, as the server holds a request to them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ...contract import Contract
from ...data.read import Numbers
from ...data.rows import REASONS, Chunk, Layout, Rejected, quarantine, rejected_rows
from ...data.validate import any_of, breaches, nulled, reasons_of
from ...errors import DataError


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A chunk's rows, each of which is scored or rejected."""

    rows: pl.DataFrame
    """Those to score, by the contract's types."""
    numbers: Numbers
    """Which record of the file each is."""
    quarantine: pl.DataFrame
    """Those rejected, and those of which a value became null, as its column's mode says."""
    n_rejected: int

    @property
    def n_in(self) -> int:
        """How many came in."""
        return len(self.rows) + self.n_rejected


def judge(chunk: Chunk, contract: Contract, layout: Layout, file: str) -> Judged:
    """Sort out what breaks a rule.

    A row is rejected where the server would refuse it, and where its id is missing, without which
    nobody could tell whose score it is.

    Raises:
        DataError: a value breaks a rule whose mode is fail.
    """
    found = breaches(contract, chunk.rows.columns, online=True)
    flags = chunk.rows.select(
        fail=any_of(found, "fail"), reject=any_of(found, "reject"), null=any_of(found, "null")
    )
    if flags["fail"].any():
        first = int(flags["fail"].arg_max() or 0)
        why = chunk.rows[first].select(reasons_of(found, "fail")).item()
        raise DataError(
            f"{why}, and its on_violation is fail ('{file}', record {chunk.numbers[first]:,});"
            " nothing was written"
        )
    keep = ~flags["reject"]
    broken, mended = list(chunk.rejected), list(chunk.nulled)
    if not keep.all():
        broken += _rejected(chunk, ~keep, reasons_of(found, "reject"), layout)
        gone = {one.record for one in broken}
        mended = [one for one in mended if one.record not in gone]
    if (null := flags["null"] & keep).any():
        texts = reasons_of(found, "null").str.replace_all("; ", ", made null; ", literal=True)
        mended += _rejected(chunk, null, (texts + ", made null").alias(REASONS), layout)
    rows = chunk.rows.with_columns(nulled(found)).select(chunk.rows.columns).filter(keep)
    told = sorted([*broken, *mended], key=lambda one: one.record)
    return Judged(
        rows=rows,
        numbers=chunk.numbers[np.asarray(keep)],
        quarantine=quarantine(file, told),
        n_rejected=len(broken),
    )


def _rejected(chunk: Chunk, where: pl.Series, reasons: pl.Expr, layout: Layout) -> list[Rejected]:
    rows = chunk.rows.filter(where)
    why = rows.select(reasons).to_series().to_list()
    return rejected_rows(rows, chunk.numbers[where.to_numpy()], why, layout, typed=True)
