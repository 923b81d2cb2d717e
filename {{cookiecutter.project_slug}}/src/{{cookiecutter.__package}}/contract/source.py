"""Where rows come from, and how bytes become typed values."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from .column import ColumnType
from .part import Part, leave_ours

Parameter = str | int | float | bool
VARIABLE = r"[A-Z_][A-Z0-9_]*"
FORMAT = r"%[A-Za-z]|^epoch_(s|ms)$"
IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_$]*"


class _Table(Part):
    columns: dict[str, ColumnType] | None = None
    """Raw columns to read and their types; null takes the contract's columns of these names."""
    pii: tuple[str, ...] = ()
    """Raw columns, read or not, whose values are masked in quarantine."""
    repeats: Literal["drop", "keep"] = "drop"
    """Whether a row that says in every column what an earlier one says is dropped."""

    formats: dict[str, Annotated[str, Field(pattern=FORMAT)]] = Field(default={})
    """How a raw timestamp is written where it is not ISO 8601, as in %d.%m.%Y %H:%M; or epoch_s."""

    @field_validator("columns")
    @classmethod
    def _names_are_free(cls, value: dict[str, ColumnType] | None) -> dict[str, ColumnType] | None:
        leave_ours(value or {})
        return value


class CsvSource(_Table):
    """Delimited text: one file, or all that a pattern matches, plain or gzipped."""

    csv: str = Field(min_length=1)
    """Path from the project's root, or a pattern such as data/raw/*.csv.gz."""
    delimiter: str = Field(default=",", pattern=r"^[\t -~]$")
    """Between two fields."""
    quote: Annotated[str, Field(pattern=r"^[!-~]$")] | None = '"'
    """Around a field that holds delimiters, line breaks or (doubled) quotes; null for none."""
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    """How the file's bytes become text."""
    missing: tuple[str, ...] = Field(default=("",), min_length=1)
    """Texts that mean that a value is missing."""

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError(f"delimiter and quote are both {self.quote!r}; they must differ")
        return self


class ParquetSource(_Table):
    """Parquet: one file, or all that a pattern matches."""

    parquet: str = Field(min_length=1)
    """Path from the project's root, or a pattern such as data/raw/*.parquet."""
    missing: tuple[str, ...] = ()
    """Texts that mean that a value is missing, besides null."""


class SqlSource(_Table):
    """A database's table or query; what it gave is kept as Parquet below data/snapshots."""

    sql: str = Field(min_length=1)
    """Environment variable that holds the database's URL, or a URL without a password."""
    table: str | None = Field(default=None, pattern=rf"^({IDENTIFIER}\.)?{IDENTIFIER}$")
    """Table or view to read, with its schema where it needs one."""
    query: str | None = Field(default=None, min_length=1)
    """A select to read instead of a table; write values as :name and give them as parameters."""
    parameters: dict[Annotated[str, Field(pattern=rf"^{IDENTIFIER}$")], Parameter] = Field(
        default={}
    )
    """Values of the query's :names, bound by the driver and never written into its text."""
    watermark: str | None = Field(default=None, pattern=rf"^{IDENTIFIER}$")
    """Column that only grows: later runs read the rows from its last value on, and keep the rest."""
    chunk_rows: int = Field(default=50_000, gt=0)
    """Rows held at once while reading."""
    missing: tuple[str, ...] = ()
    """Texts that mean that a value is missing, besides NULL."""
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


def _kind(value: Any) -> str:
    given = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
    return next((kind for kind in ("parquet", "sql") if kind in given), "csv")


Source = Annotated[
    Annotated[CsvSource, Tag("csv")]
    | Annotated[ParquetSource, Tag("parquet")]
    | Annotated[SqlSource, Tag("sql")],
    Discriminator(_kind),
]
