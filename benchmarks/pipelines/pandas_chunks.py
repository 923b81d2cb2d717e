"""pandas: what a person writes for the data job's work, in chunks that fit into memory.

It holds the flights to the same contract. Unlike the data job it stops at a text in a number's
place, and takes rows with equal hashes for equal.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from flights import TEST_FROM, VALIDATION_FROM

CONTRACT: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("contract.yaml").read_text())
CHUNK_ROWS = 100_000
DTYPES = {"integer": "int64", "float": "float64", "category": "str"}
FIRST_DATA_LINE = 2


class Appender:
    """Appends rows to one Parquet file per name, and counts them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """The files are closed by the stack."""
        self.folder, self.stack = folder, stack
        self.writers: dict[str, pq.ParquetWriter] = {}
        self.counts: Counter[str] = Counter()

    def append(self, name: str, rows: pd.DataFrame) -> None:
        """Nothing is written for no rows."""
        self.counts[name] += len(rows)
        if rows.empty:
            return
        table = pa.Table.from_pandas(rows, preserve_index=False)
        if name not in self.writers:
            writer = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema)
            self.writers[name] = self.stack.enter_context(writer)
        self.writers[name].write_table(table)


def convert(source: Path, folder: Path) -> None:
    """Typed, checked, de-duplicated, transformed, split; what is bad is set aside."""
    seen: set[int] = set()
    with ExitStack() as stack:
        to = Appender(folder, stack)
        for chunk in chunks(source):
            to.counts["rows"] += len(chunk)
            bad = violations(chunk)
            to.append("rejected", chunk[bad].assign(line=chunk.index[bad] + FIRST_DATA_LINE))
            rows = without_repeated(chunk[~bad], seen)
            to.counts["duplicates"] += len(chunk) - int(bad.sum()) - len(rows)
            labelled = rows.dropna(subset=["arr_delay"])
            to.counts["unlabelled"] += len(rows) - len(labelled)
            for name, part in splits(labelled.assign(late=labelled["arr_delay"] > 15)):
                to.append(name, part)
    (folder / "counts.json").write_text(json.dumps(to.counts))


def chunks(source: Path) -> Iterator[pd.DataFrame]:
    """Typed rows, whose index goes on from chunk to chunk."""
    types: dict[str, str] = CONTRACT["sources"]["flights"]["columns"]
    yield from pd.read_csv(
        source,
        chunksize=CHUNK_ROWS,
        dtype={name: DTYPES[kind] for name, kind in types.items() if kind in DTYPES},
        parse_dates=[name for name, kind in types.items() if kind == "timestamp"],
        na_values=["NA", ""],
        keep_default_na=False,
    )


def violations(rows: pd.DataFrame) -> pd.Series:
    """Which rows break a rule."""
    found = pd.Series(False, index=rows.index)
    for name, values in rows.items():
        column = CONTRACT["columns"][name]
        if not column.get("nullable"):
            found |= values.isna()
        if "minimum" in column:
            found |= (values < column["minimum"]) | (values > column["maximum"])
        if "allowed" in column:
            found |= values.notna() & ~values.isin(column["allowed"])
    return found


def without_repeated(rows: pd.DataFrame, seen: set[int]) -> pd.DataFrame:
    """The rows whose hash no earlier one has."""
    hashes = pd.util.hash_pandas_object(rows, index=False)
    known = hashes.map(seen.__contains__)
    fresh = ~(known | hashes.duplicated())
    seen.update(hashes)
    return rows[fresh]


def splits(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each split, cut at local midnights."""
    zone = CONTRACT["timezone"]
    validation, test = (pd.Timestamp(day, tz=zone) for day in (VALIDATION_FROM, TEST_FROM))
    at = rows["time_hour"]
    yield "train", rows[at < validation]
    yield "validation", rows[(at >= validation) & (at < test)]
    yield "test", rows[at >= test]


def counts(folder: Path) -> dict[str, int]:
    """What became of every row."""
    found: dict[str, int] = json.loads((folder / "counts.json").read_text())
    return found
