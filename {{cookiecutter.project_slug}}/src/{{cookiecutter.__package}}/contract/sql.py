"""A database as a source."""

from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator, model_validator

from .source import TableSource

Parameter = str | int | float | bool
VARIABLE = r"[A-Z_][A-Z0-9_]*"
IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_$]*"


class SqlSource(TableSource):
    """A database's table or query; what it gave is kept as Parquet below data/snapshots."""

    sql: str = Field(min_length=1)
    """Environment variable that holds the database's URL, or a URL without a password."""
    table: str | None = Field(default=None, pattern=rf"^({IDENTIFIER}\.)?{IDENTIFIER}$")
    """Table or view to read, with its schema where it needs one."""
    query: str | None = Field(default=None, min_length=1)
    r"""A select to read instead of a table. Write a value as :name and give it under parameters; write
    cast(:day as date) for :day::date, and \: for a mere colon."""
    parameters: dict[Annotated[str, Field(pattern=rf"^{IDENTIFIER}$")], Parameter] = Field(
        default={}
    )
    """Values of the query's :names, bound by the driver and never written into its text."""
    repeats: Literal["drop", "keep"] = "keep"
    """As of a file, by the columns that are read; a table's rows are told apart by its key."""

    @field_validator("sql")
    @classmethod
    def _no_secret(cls, value: str) -> str:
        url = urlsplit(value)
        if url.password is not None or "password" in parse_qs(url.query):
            raise ValueError(
                "a password does not belong in a file; put the URL into an environment variable"
                " and name it here, for example sql: WAREHOUSE_URL"
            )
        return value

    @model_validator(mode="after")
    def _table_or_query(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name either a table or a query")
        if self.parameters and self.query is None:
            raise ValueError("parameters are for a query; a table takes none")
        return self
