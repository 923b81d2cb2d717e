"""Reads a database: its address, one read-only transaction, and rows by chunk."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType

from ...contract.sql import VARIABLE, SqlSource
from ...errors import ConfigError, DataError, MissingExtraError

Row = Sequence[Any]

EXAMPLES = "sqlite:///data/shop.db, postgresql://user@host/db or mysql://user@host/db"
DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
# One snapshot that writes nothing, with times in UTC and tables read from their first row on.
# PostgreSQL's settings end with the transaction: others may get the session from a pooler.
POSTGRESQL = (
    "set transaction isolation level repeatable read, read only",
    "set local time zone 'UTC'",
    "set local synchronize_seqscans = off",
)
MYSQL = (
    "set time_zone = '+00:00'",
    "set transaction isolation level repeatable read",
    "start transaction with consistent snapshot, read only",
)
BEGIN = {"sqlite": ("begin",), "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
MYSQL_TIMESTAMP = 7
LOCATION = ("database", "dbname", "host", "options", "port", "unix_socket")


def as_text(column: str, value: Any) -> str | None:
    """A value as a CSV file would hold it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")  # str would write an exponent
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes | bytearray | memoryview):
        raise DataError(
            f"column '{column}' holds bytes, which are no text; cast it in a query, or leave it out"
        )
    return str(value)


def read(
    connection: sa.Connection, name: str, source: SqlSource, columns: list[str]
) -> Iterator[list[Row]]:
    """The values of ``columns`` by chunk, no more than which is in memory."""
    statement: sa.Executable
    if source.query is not None:
        statement = _query(name, source)
    else:
        rows, key = _table(connection, name, str(source.table), columns)
        statement = sa.select(*(rows.c[n] for n in columns)).order_by(*(rows.c[n] for n in key))
    with connection.execute(statement, execution_options={"stream_results": True}) as result:
        there = list(result.keys())
        if repeated := [column for column in columns if there.count(column) > 1]:
            raise DataError(
                f"source '{name}' gives column {', '.join(map(repr, repeated))} more than once;"
                " name each of them in the query with: as"
            )
        places = [there.index(column) for column in columns]
        # A text's result ignores yield_per, and would without a size hold everything at once.
        for chunk in result.partitions(source.chunk_rows):
            yield [[row[place] for place in places] for row in chunk]


def columns_of(connection: sa.Connection, name: str, source: SqlSource) -> list[str]:
    """The names of what a table or query gives; no row is read."""
    rows: sa.FromClause
    if source.query is None:
        rows, _ = _table(connection, name, str(source.table), [])
    else:
        rows = _query(name, source).columns().subquery("q")
    with connection.execute(sa.select(sa.text("*")).select_from(rows).where(sa.false())) as result:
        return list(result.keys())


def _table(
    connection: sa.Connection, name: str, table: str, columns: list[str]
) -> tuple[sa.FromClause, list[str]]:
    """A table and its primary key, by which the same rows always come in the same order."""
    schema, _, short = table.rpartition(".")
    inspector = sa.inspect(connection)
    if not inspector.has_table(short, schema or None):
        there = inspector.get_table_names(schema or None) + inspector.get_view_names(schema or None)
        raise DataError(
            f"source '{name}': there is no table '{table}';"
            f" there are {', '.join(sorted(there)[:20]) or 'none'}"
        )
    key = inspector.get_pk_constraint(short, schema or None)["constrained_columns"]
    known: Iterator[sa.ColumnClause[Any]] = map(sa.column, dict.fromkeys([*columns, *key]))
    return sa.table(short, *known, schema=schema or None), key


def _query(name: str, source: SqlSource) -> sa.TextClause:
    """The query with its parameters bound, untyped so that the database finds their types.

    Raises:
        ConfigError: it is not one select, or its names are not the parameters.
    """
    query = str(source.query).rstrip("; \t\r\n")
    # The transaction is read-only, but a second statement could end it.
    if not re.match(r"\s*(select|with)\b", query, re.IGNORECASE) or ";" in query:
        raise ConfigError(
            f"source '{name}': the query must be one statement that begins with select or with; a"
            " text that holds a semicolon is given as a parameter"
        )
    text = sa.text(f"{query}\n")  # which ends a comment
    used = text.compile().params.keys()
    if used != source.parameters.keys():
        raise ConfigError(
            f"source '{name}': the query uses {', '.join(sorted(used)) or 'no :names'}, but its"
            f" parameters are {', '.join(sorted(source.parameters)) or 'none'}; give each of its"
            r" :names a value; write cast(:name as date) for :name::date, and \: for a mere colon"
        )
    values = source.parameters.items()
    return text.bindparams(*[sa.bindparam(key, value, type_=NullType()) for key, value in values])


def address(name: str, given: str) -> sa.URL:
    """The database's address, which no message repeats: it may hold a password.

    Raises:
        ConfigError: the variable is not set, or what is given is no URL.
    """
    text, what = given, "sql"
    if re.fullmatch(VARIABLE, given):
        text, what = (os.environ.get(given, "").strip(), f"the environment variable {given}")
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if not text:
        raise ConfigError(
            f"source '{name}': {what} is not set; set it to the database's URL, such as {EXAMPLES}"
        )
    if url is None or (url.host is not None and text.count("@") > 1):
        raise ConfigError(
            f"source '{name}': {what} holds no database's URL, such as {EXAMPLES}; in a password,"
            " write @ as %40 and / as %2F, or name a variable in capitals that holds the URL"
        )
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def definition(url: sa.URL, source: SqlSource, columns: list[str]) -> str:
    """A hash of what is read and where, whoever reads it."""
    where = [url.get_backend_name(), url.host, url.port, url.database]
    where += [str(url.query.get(key)) for key in LOCATION]
    what = source.model_dump(include={"table", "query", "parameters"})
    text = json.dumps([where, what, columns], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def connected(name: str, url: sa.URL) -> Iterator[sa.Connection]:
    """One read-only transaction; what a driver raises becomes a ``DataError`` without secrets."""
    where = f"{url.get_backend_name()} database '{url.database}'"
    where += f" at {url.host}:{url.port or 'default port'}" if url.host else ""
    engine = _engine(name, url)
    try:
        connection = engine.connect()
    except Exception as error:  # drivers raise TypeError and RuntimeError, too
        raise DataError(
            f"source '{name}' cannot connect to {where}: {_reason(error, url)};"
            " check that it runs, and the URL"
        ) from None
    try:
        with connection:
            if url.get_driver_name() == "pymysql":
                driver: Any = connection.connection.dbapi_connection
                driver.decoders[MYSQL_TIMESTAMP] = _utc
            for statement in BEGIN.get(url.get_backend_name(), ()):
                connection.exec_driver_sql(statement)
            yield connection
    except (SQLAlchemyError, UnicodeError) as error:
        raise DataError(
            f"source '{name}' cannot be read from {where}: {_reason(error, url)};"
            " check its table or query, and what the URL's user may read"
        ) from None


def _engine(name: str, url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "").absolute()
        if not path.is_file():  # which SQLite would make
            raise DataError(
                f"source '{name}': there is no SQLite database '{url.database}'; put it there, or"
                " name another"
            )
        url = url.set(database=path.as_uri(), query={**url.query, "mode": "ro", "uri": "true"})
    try:
        return sa.create_engine(url, poolclass=NullPool)
    except ImportError as error:
        driver = error.name or url.get_driver_name()
    except ArgumentError:
        driver = url.drivername
    if any(ours.endswith(f"+{driver}") for ours in DRIVERS.values()):
        raise MissingExtraError(driver, "sql")
    raise ConfigError(
        f"source '{name}': its URL asks for {driver}, which is not installed; begin it as in"
        f" {EXAMPLES}, or install what it asks for"
    )


def _reason(error: Exception, url: sa.URL) -> str:
    """A driver's own words in one line, in which passwords are masked."""
    words = " ".join(str(getattr(error, "orig", None) or error).split()).split(" LINE ")[0]
    options = (str(value) for key, value in url.query.items() if "pass" in key.lower())
    for secret in filter(None, (str(url.password or ""), *options)):
        words = words.replace(secret, "***")
    return words


def _utc(text: str) -> datetime | str:
    """MySQL's timestamp, which the session gives in UTC; 0000-00-00 stays a text."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return text
