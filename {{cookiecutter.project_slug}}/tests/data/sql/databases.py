"""Databases to read from: a file of SQLite's always, PostgreSQL and MariaDB where one is given."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from {{ cookiecutter.__package }}.contract.sql import SqlSource
from {{ cookiecutter.__package }}.data.sql import reader
from {{ cookiecutter.__package }}.errors import ProjectError

snapshot = reader.files
Row = tuple[str | None, ...]
ORDERS = {"id": "integer", "day": "integer", "what": "varchar(40)"}


def server(kind: str) -> Any:
    """A kind whose server is asked where a variable names one."""
    variable = f"TEST_{kind.upper()}_URL"
    absent = pytest.mark.skipif(variable not in os.environ, reason=f"{variable} is not set")
    return pytest.param(kind, marks=absent)


SERVERS = (server("postgresql"), server("mariadb"))
KINDS = ("sqlite", *SERVERS)


@dataclass(frozen=True)
class Database:
    """A database that tests write to; what they made goes with it."""

    kind: str
    url: sa.URL
    engine: sa.Engine
    made: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The URL, which no test's file holds."""
        return self.url.render_as_string(hide_password=False)

    def quoted(self, name: str) -> str:
        """``name`` as it is written in a statement."""
        return self.engine.dialect.identifier_preparer.quote_identifier(name)

    def typed(self, sqlite: str, postgresql: str, mariadb: str) -> str:
        """The words of this database."""
        return {"sqlite": sqlite, "postgresql": postgresql, "mariadb": mariadb}[self.kind]

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def make(
        self, columns: Mapping[str, str], rows: Sequence[Sequence[Any]] = (), name: str = "orders"
    ) -> str:
        """The name, which no other test uses, of a table that holds ``rows``."""
        table = f"{name}_{uuid4().hex[:12]}"
        typed = ", ".join(f"{self.quoted(column)} {kind}" for column, kind in columns.items())
        self.run(f"create table {table} ({typed})")
        self.made.append(f"drop table {table}")
        self.add(table, list(columns), rows)
        return table

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        made = sa.table(table, *[sa.column(column) for column in columns])
        values = [dict(zip(columns, row, strict=True)) for row in rows]
        with self.engine.begin() as connection:
            for value in values:  # one by one, since their types may differ
                connection.execute(made.insert().values(value))


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Database]:
    """A database of a kind; a server's URL is in a variable, and its tables may change."""
    file = f"sqlite:///{folder / 'shop.db'}"
    url = sa.make_url(file if kind == "sqlite" else os.environ[f"TEST_{kind.upper()}_URL"])
    database = Database(kind, url, sa.create_engine(url))
    database.run("select 1")  # SQLite makes its file when it is asked first
    try:
        yield database
    finally:
        database.run(*reversed(database.made))
        database.engine.dispose()


def shop_of(**settings: Any) -> SqlSource:
    return SqlSource.model_validate({"sql": "SHOP_URL"} | settings)


def rows_of(parts: list[Path]) -> list[Row]:
    """The rows of the parts, in order."""
    table = pa.concat_tables([pq.ParquetFile(part).read() for part in parts])
    assert all(column.type == pa.string() for column in table.schema)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def refused(source: SqlSource, data: Path, *columns: str, error: type[ProjectError]) -> str:
    with pytest.raises(error) as caught:
        snapshot("orders", source, columns, data)
    return str(caught.value)
