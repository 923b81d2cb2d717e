"""Rows that may not go on: where each stood, why, and its bytes."""

from collections.abc import Iterable

import pyarrow as pa

from .chunks import FILE, LINE
from .records import Broken
from .validate import REASONS

RAW = "_raw"
QUARANTINED = pa.schema(
    [(FILE, pa.string()), (LINE, pa.int64()), (REASONS, pa.string()), (RAW, pa.binary())]
)
MAIN_REASONS = 3
Counts = dict[str, int]


def table_of(file: str, rows: Iterable[Broken]) -> pa.Table:
    """Rows of a file as they are written down, in its order."""
    rows = sorted(rows, key=lambda one: one.line)
    columns = [
        pa.repeat(file, len(rows)),
        pa.array([one.line for one in rows], pa.int64()),
        pa.array([one.reasons.removesuffix("; ") for one in rows], pa.string()),
        pa.array([one.raw for one in rows], pa.binary()),
    ]
    return pa.table(columns, schema=QUARANTINED)


def tally(reasons: Counts, said: pa.Array | pa.ChunkedArray) -> None:
    """Add to the counts of reasons; most rows have none."""
    for one in said.drop_null().value_counts().to_pylist():
        for reason in one["values"].removesuffix("; ").split("; "):
            reasons[reason] = reasons.get(reason, 0) + one["counts"]


def main_reasons(reasons: Counts) -> str:
    """The most frequent reasons with their counts."""
    ordered = sorted(reasons.items(), key=lambda one: -one[1])
    shown = ", ".join(f"{reason} {count:,}" for reason, count in ordered[:MAIN_REASONS])
    more = len(ordered) - MAIN_REASONS
    return f"{shown} and {more} more" if more > 0 else shown
