"""Batch scoring: a file through the same graph, streamed, to Parquet."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from ..atomic import new_file
from ..config import ServeConfig
from ..contract import Contract, ParquetSource
from ..errors import BundleError, DataError
from ..models.arrow import from_table
from ..models.bundle import Bundle, open_bundle
from ..models.versions import Versions
from ..terminal import progress, say

ARROW_TYPES = {
    "integer": pa.float64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "string": pa.string(),
    "timestamp": pa.string(),  # read as the rest of the project reads a time without offset
}
ID_TYPES = {"integer": pa.int64()}


def run(config: ServeConfig, name: str, source: Path, target: Path) -> int:
    """Score every row of ``source`` (CSV or Parquet) into ``target``; return the number of rows.

    ``target`` has the contract's id where the file has it, ``probability`` and ``decision``, row by
    row as in the file. It is there whole or not at all.

    Raises:
        DataError: the file cannot be read or has not the contract's columns.
        BundleError: no model serves.
    """
    version = Versions(config.bundles, name).served()
    if version is None:
        raise BundleError(f"no version of {name} serves yet; train one with: make train")
    bundle = open_bundle(config.bundles / name / version.bundle)
    if target.resolve() == source.resolve():
        raise DataError(f"'{target}' is the file to score; write the scores to another")
    if not source.is_file():
        raise DataError(f"'{source}' does not exist; name a CSV or Parquet file")
    n_rows = 0
    total = _rows_of(source)
    with new_file(target) as staging, progress("score", total) as bar:
        writer: pq.ParquetWriter | None = None
        try:
            for batch in _batches(source, bundle.contract, config.batch_rows):
                scored = _scored(bundle, batch)
                writer = writer or pq.ParquetWriter(staging, scored.schema, compression="zstd")
                writer.write_batch(scored)
                n_rows += len(scored)
                bar(len(scored))
        finally:
            if writer is not None:
                writer.close()
        if not n_rows:
            raise DataError(f"'{source}' has no rows")
    say(f"scored    {target}  {n_rows:,} rows by {name} version {version.number}")
    return n_rows


def _scored(bundle: Bundle, batch: pa.RecordBatch) -> pa.RecordBatch:
    probabilities = bundle.predict(from_table(bundle.contract, batch)).astype(np.float64)
    columns = {
        "probability": pa.array(probabilities),
        "decision": pa.array(probabilities >= bundle.threshold),
    }
    key = bundle.contract.id
    if key is not None and key in batch.schema.names:
        columns = {key: batch.column(key), **columns}
    return pa.RecordBatch.from_pydict(columns)


def _batches(source: Path, contract: Contract, size: int) -> Iterator[pa.RecordBatch]:
    try:
        if _is_parquet(source):
            file = pq.ParquetFile(source)
            wanted = [n for n in file.schema_arrow.names if n in (*contract.features, contract.id)]
            yield from file.iter_batches(size, columns=wanted)
        else:
            yield from _csv(source, contract)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"'{source}' cannot be read: {error}") from None


def _rows_of(source: Path) -> int | None:
    """The rows of a Parquet file; those of a CSV are known only at its end."""
    try:
        return int(pq.read_metadata(source).num_rows) if _is_parquet(source) else None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"'{source}' cannot be read: {error}") from None


def _csv(source: Path, contract: Contract) -> Iterator[pa.RecordBatch]:
    texts = [s.missing for s in contract.sources.values() if not isinstance(s, ParquetSource)]
    missing = sorted({"", *itertools.chain(*texts)})
    types = {name: ARROW_TYPES[contract.columns[name].type] for name in contract.features}
    if contract.id is not None:
        types[contract.id] = ID_TYPES.get(contract.columns[contract.id].type, pa.string())
    with pacsv.open_csv(source) as reader:
        wanted = [name for name in reader.schema.names if name in types]
    options = pacsv.ConvertOptions(
        column_types=types, include_columns=wanted, null_values=missing, strings_can_be_null=True
    )
    with pacsv.open_csv(source, convert_options=options) as reader:
        yield from reader


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"
