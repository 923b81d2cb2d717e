"""A database's rows as a Parquet file of texts: extraction happens once, and what was read stays."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ...contract.sql import SqlSource
from ...errors import DataError, MissingExtraError
from ...storage import file_hash, move
from ...terminal import progress
from ..read import parquet

CHUNK_ROWS = 10_000
"""Rows in memory at once."""
read = parquet
"""How the rows of such a file are read."""


def files(
    name: str, source: SqlSource, columns: Iterable[str], directory: Path, *, complete: bool = True
) -> list[Path]:
    """Read a table or query into a file below ``directory`` that is named by its content.

    Without ``columns`` all are read; those that are not there are left out unless ``complete``.

    Raises:
        ConfigError: the address or the query cannot be used.
        DataError: the database, the table or a column is not there, or a value is no text.
        MissingExtraError: the database's driver is not installed.
    """
    try:
        from .database import address, as_text, connected, statement_of
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "sqlalchemy", "sql") from None
    url = address(name, source.sql)
    folder = directory / "snapshots" / name
    with (
        connected(name, url) as connection,
        connection.execute(
            statement_of(connection, name, source), execution_options={"stream_results": True}
        ) as result,
    ):
        there = list(result.keys())
        chosen = _chosen(name, there, list(columns), complete=complete)
        places = [there.index(column) for column in chosen]
        schema = pa.schema([(column, pa.string()) for column in chosen])
        folder.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".", dir=folder) as scratch,
            progress("read", None) as bar,
        ):
            draft = Path(scratch) / "draft"
            with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
                for rows in result.partitions(CHUNK_ROWS):
                    cells = [
                        pa.array([as_text(column, row[place]) for row in rows], pa.string())
                        for column, place in zip(chosen, places, strict=True)
                    ]
                    writer.write_table(pa.table(cells, schema=schema))
                    bar(len(rows))
            target = folder / f"{file_hash(draft)[:16]}.parquet"
            if not target.exists():
                move(draft, target)
    return [target]


def _chosen(name: str, there: list[str], columns: list[str], *, complete: bool) -> list[str]:
    """The columns to read, in the order of their names."""
    absent = [column for column in columns if column not in there]
    if absent and complete:
        raise DataError(
            f"source '{name}' has no column {', '.join(map(repr, absent))};"
            f" its columns are {', '.join(there)}"
        )
    chosen = sorted({*(columns or there)} & {*there})
    if repeated := [column for column in chosen if there.count(column) > 1]:
        raise DataError(
            f"source '{name}' gives column {', '.join(map(repr, repeated))} more than once;"
            " name each of them in the query with: as"
        )
    return chosen
