"""Which rows a model learned from, by their hashes: the proof that test rows are none of them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...contract import Contract
from ...data.hashes import Hashes, row_hashes
from ..rows import Rows

SIGMAS = 3.0


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How many test rows were learned from."""

    rows: int
    shared: int
    expected: int
    """As many may look learned where rows look alike anyway; 0 where each is unlike all others."""
    by: str
    """What tells rows apart, for people."""


def hashes_of(contract: Contract, parts: Iterable[Rows]) -> Hashes:
    """A hash of each row ``[rows]``: of its id, or without one of all its values.

    Of rows that are but a sample, the whole split counts.
    """
    names, _ = told_apart_by(contract)
    found = [row_hashes(table) for rows in parts for table in _tables(rows, names)]
    return np.concatenate([np.empty(0, np.uint64), *found])


def told_apart_by(contract: Contract) -> tuple[list[str], str]:
    """The columns that tell rows apart and that datasets keep, and how to call them."""
    kept = [name for name, column in contract.columns.items() if not column.pii]
    if contract.id in kept:
        return [contract.id], f"their '{contract.id}'"
    return kept, "all their values"


def overlap(contract: Contract, learned: Hashes, test: Hashes) -> Overlap:
    """How many of the test rows are among those learned, next to what chance alone explains.

    Rows of few columns look alike: then about the share of learned rows that have a twin among
    themselves is met among test rows too, give or take three standard errors.
    """
    distinct, counts = np.unique(learned, return_counts=True)
    twins = counts[counts > 1].sum() / max(len(learned), 1)
    expected = twins * len(test) + SIGMAS * np.sqrt(twins * (1 - twins) * len(test))
    return Overlap(
        rows=len(test),
        shared=int(np.isin(test, distinct).sum()),
        expected=min(int(expected), len(test)),
        by=told_apart_by(contract)[1],
    )


def digest(learned: Hashes) -> str:
    """One name for a set of rows, in whatever order they were learned."""
    return hashlib.blake2b(np.sort(learned).tobytes(), digest_size=16).hexdigest()


def _tables(rows: Rows, names: list[str]) -> Iterator[pa.Table]:
    if rows.sample_of is None:
        yield rows.table.select(names)
        return
    for batch in pq.ParquetFile(rows.sample_of).iter_batches(columns=names):
        yield pa.Table.from_batches([batch]).select(names)
