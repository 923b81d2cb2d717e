"""Batch scoring: a file through the same graph, streamed, to Parquet."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..atomic import new_file
from ..config import ServeConfig
from ..contract import Contract, CsvSource
from ..data import delimited
from ..data.chunks import Layout
from ..data.convert import ARROW_TYPES
from ..errors import BundleError, DataError
from ..models.arrow import from_table
from ..models.bundle import Bundle, open_bundle
from ..models.versions import Versions
from ..terminal import progress, say


def run(
    config: ServeConfig, name: str, source: Path, target: Path, number: int | None = None
) -> int:
    """Score every row of ``source`` (CSV or Parquet) into ``target``; return the number of rows.

    ``target`` has the contract's id where the file has it, then ``probability`` and ``decision``
    or, of a regression, ``value``, row by row as in the file. It is there whole or not at all.
    ``number`` is the version that scores, also one that the gate refused; else the served one.

    Raises:
        DataError: the file cannot be read or has not the contract's columns.
        BundleError: no model serves.
        RegistryError: there is no version of this number.
    """
    versions = Versions(config.bundles, name)
    version = versions.served() if number is None else versions.get(number)
    if version is None:
        raise BundleError(versions.unserved())
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
                writer.write_table(scored)
                n_rows += len(scored)
                bar(len(scored))
        finally:
            if writer is not None:
                writer.close()
        if not n_rows:
            raise DataError(f"'{source}' has no rows")
    say(f"scored    {target}  {n_rows:,} rows by {name} version {version.number}")
    return n_rows


def _scored(bundle: Bundle, batch: pa.Table) -> pa.Table:
    task = bundle.task
    outputs = bundle.predict(from_table(bundle.contract, batch)).astype(np.float64)
    decisions = pa.array(task.decisions(outputs))
    certainty = task.certainty(outputs)
    columns = {"value": decisions}
    if certainty is not None:
        columns = {"probability": pa.array(certainty), "decision": decisions}
    key = bundle.contract.id
    if key is not None and key in batch.schema.names:
        columns = {key: batch.column(key), **columns}
    return pa.table(columns)


def _batches(source: Path, contract: Contract, size: int) -> Iterator[pa.Table]:
    """The contract's columns of the file; one that may be missing need not be there."""
    try:
        if _is_parquet(source):
            file = pq.ParquetFile(source)
            wanted = [n for n in file.schema_arrow.names if n in contract.request]
            tables: Iterator[pa.Table] = (
                pa.Table.from_batches([batch]) for batch in file.iter_batches(size, columns=wanted)
            )
        else:
            tables = _csv(source, contract)
        for table in tables:
            yield _completed(table, contract)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"'{source}' cannot be read: {error}") from None


def _csv(source: Path, contract: Contract) -> Iterator[pa.Table]:
    """Rows as the contract's own CSV source is written, or as most are."""
    written = (s for s in contract.sources.values() if isinstance(s, CsvSource))
    dialect = next(written, CsvSource(csv=str(source)))
    names = delimited.header(source, dialect)
    types = {n: contract.columns[n].type for n in contract.request if n in names}
    layout = Layout(
        types=types,
        others=(),
        modes={},
        personal=frozenset(),
        zone=contract.zone,
        drop=False,
        formats={n: form for n, form in dialect.formats.items() if n in types},
    )
    for chunk in delimited.chunks(source, dialect, names, layout):
        if chunk.broken:
            first = chunk.broken[0]
            raise DataError(
                f"'{source}', line {first.line:,}: {first.reasons.rstrip('; ')}; nothing was scored"
            )
        yield chunk.rows


def _completed(table: pa.Table, contract: Contract) -> pa.Table:
    for name in contract.features:
        if name not in table.schema.names and contract.columns[name].nullable:
            kind = ARROW_TYPES[contract.columns[name].type]
            table = table.append_column(name, pa.nulls(len(table), kind))
    return table


def _rows_of(source: Path) -> int | None:
    """The rows of a Parquet file; those of a CSV are known only at its end."""
    try:
        return int(pq.read_metadata(source).num_rows) if _is_parquet(source) else None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"'{source}' cannot be read: {error}") from None


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"
