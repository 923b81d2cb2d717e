"""Reads a database: its address, one read-only transaction, and rows by chunk."""

import json
import os
import re
from collections.abc import Iterator
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


def statement_of(connection: sa.Connection, name: str, source: SqlSource) -> sa.Executable:
    """What reads a table or query, all columns of it."""
    return _query(name, source) if source.query else _table(connection, name, source)


def _table(connection: sa.Connection, name: str, source: SqlSource) -> sa.Select[Any]:
    """A table by its primary key, so that the same rows always come in the same order."""
    schema, _, short = str(source.table).rpartition(".")
    inspector = sa.inspect(connection)
    if not inspector.has_table(short, schema or None):
        there = inspector.get_table_names(schema or None) + inspector.get_view_names(schema or None)
        raise DataError(
            f"source '{name}': there is no table '{source.table}';"
            f" there are {', '.join(sorted(there)[:20]) or 'none'}"
        )
    key = inspector.get_pk_constraint(short, schema or None)["constrained_columns"]
    rows = sa.table(short, schema=schema or None)
    return sa.select(sa.text("*")).select_from(rows).order_by(*map(sa.column, key))


def _query(name: str, source: SqlSource) -> sa.TextClause:
    """The query with its parameters bound, untyped so that the database finds their types.

    Raises:
        ConfigError: it is not one select.
    """
    query = str(source.query).rstrip("; \t\r\n")
    # The transaction is read-only, but a second statement could end it.
    if not re.match(r"\s*(select|with)\b", query, re.IGNORECASE) or ";" in query:
        raise ConfigError(
            f"source '{name}': the query must be one statement that begins with select or with; a"
            " text that holds a semicolon is given as a parameter"
        )
    text = sa.text(f"{query}\n")  # which ends a comment
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
    except (ImportError, ArgumentError):
        driver = url.drivername.rpartition("+")[2]
    if url.drivername in DRIVERS.values():
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
