"""What a dataset's columns hold: gaps and ends of all rows, shape and values of a sample."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..contract import Contract
from ..values import json_value

SAMPLE_ROWS = 100_000
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TOP = 10


class Summary:
    """Grows with the rows; every ``step``-th of them is kept for quantiles and frequent values."""

    def __init__(self, contract: Contract, n_rows: int) -> None:
        self.columns = {n: c.type for n, c in contract.columns.items() if not c.pii}
        self.step = max(1, n_rows // SAMPLE_ROWS)
        self.n_rows = 0
        self.nulls = dict.fromkeys(self.columns, 0)
        self.ends: dict[str, tuple[Any, Any]] = {}
        self.sample: dict[str, list[pa.Table]] = {}

    def update(self, split: str, rows: pa.Table) -> None:
        """Go on with rows of a split."""
        if not rows.num_rows:
            return
        first = -self.n_rows % self.step
        self.n_rows += rows.num_rows
        if first < rows.num_rows:
            places = pa.array(range(first, rows.num_rows, self.step))
            self.sample.setdefault(split, []).append(rows.take(places))
        for name, kind in self.columns.items():
            self.nulls[name] += rows[name].null_count
            if kind in {"integer", "float", "timestamp"}:
                found = pc.min_max(rows[name]).as_py()
                ends = [*self.ends.get(name, ()), found["min"], found["max"]]
                known = [value for value in ends if value is not None]
                if known:
                    self.ends[name] = min(known), max(known)

    def sampled(self, *splits: str) -> pa.Table | None:
        """The kept rows of these splits."""
        parts = [part for split in splits for part in self.sample.get(split, [])]
        return pa.concat_tables(parts) if parts else None

    def columns_summary(self) -> dict[str, dict[str, Any]]:
        """By column: share of gaps, then ends and quantiles, or the most frequent values."""
        sample = self.sampled(*self.sample)
        return {
            name: {"nulls": self.nulls[name] / max(self.n_rows, 1)}
            | (dict(self._values(name, sample[name])) if sample is not None else {})
            for name in self.columns
        }

    def _values(self, name: str, sample: pa.ChunkedArray) -> Iterator[tuple[str, Any]]:
        kind = self.columns[name]
        if kind in {"integer", "float", "timestamp"}:
            if sample.null_count == len(sample):
                return
            numbers = sample.cast(pa.int64()) if kind == "timestamp" else sample
            found = pc.quantile(numbers, q=list(QUANTILES), interpolation="lower").cast(
                numbers.type
            )
            quantiles = found.cast(sample.type).to_pylist()
            yield "minimum", json_value(self.ends[name][0])
            yield "quantiles", [json_value(value) for value in quantiles]
            yield "maximum", json_value(self.ends[name][1])
        elif kind != "string":
            counts = pc.value_counts(sample.drop_null().combine_chunks()).to_pylist()
            counts.sort(key=lambda one: (-one["counts"], str(one["values"])))
            share = max(len(sample) - sample.null_count, 1)
            yield "distinct", len(counts)
            yield "top", {str(one["values"]): one["counts"] / share for one in counts[:TOP]}
