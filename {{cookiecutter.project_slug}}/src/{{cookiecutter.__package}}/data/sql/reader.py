"""A database's rows as a Parquet file of texts: extraction happens once, and what was read stays."""

import hashlib
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ...contract.sql import SqlSource
from ...errors import DataError, MissingExtraError
from ...storage import new_file
from ...terminal import progress
from ..read import Records, parquet


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
        from .database import address, as_text, columns_of, connected, definition, read
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "sqlalchemy", "sql") from None
    url = address(name, source.sql)
    with connected(name, url) as connection:
        there = columns_of(connection, name, source)
        asked = list(columns) or there
        absent = [column for column in asked if column not in there]
        if absent and complete:
            raise DataError(
                f"source '{name}' has no column {', '.join(map(repr, absent))};"
                f" its columns are {', '.join(there)}"
            )
        wanted = sorted({*asked} & {*there})
        folder = directory / "snapshots" / name / definition(url, source, wanted)
        folder.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([(column, pa.string()) for column in wanted])
        digest = hashlib.sha256()
        with (
            tempfile.TemporaryDirectory(prefix=".", dir=folder) as scratch,
            progress("read", None) as bar,
        ):
            draft = Path(scratch) / "draft"
            with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
                for rows in read(connection, name, source, wanted):
                    texts = [[*map(as_text, wanted, row)] for row in rows]
                    digest.update(f"{json.dumps(texts)[1:-1]}, ".encode())
                    cells = [pa.array(column, pa.string()) for column in zip(*texts, strict=True)]
                    writer.write_table(pa.table(cells, schema=schema))
                    bar(len(rows))
            target = folder / f"{digest.hexdigest()[:16]}.parquet"
            if not target.exists():
                with new_file(target) as staging:
                    draft.replace(staging)
    return [target]


def read(
    path: Path, source: SqlSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """The rows of such a file."""
    return parquet(path, source, columns)
