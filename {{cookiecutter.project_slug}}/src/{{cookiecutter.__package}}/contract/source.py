"""Sources of rows: their kinds, their columns, and how their bytes become texts."""

import codecs
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    SerializeAsAny,
    ValidationError,
    create_model,
    model_validator,
)

from ..config import Section, explain, parse_yaml
from ..errors import ConfigError

READERS = {  # each kind of source with the function that reads it
    "csv": "data.delimited.read",
    "parquet": "data.read.parquet",
    "jsonl": "data.read.jsonl",
    # options, one line each
    "sql": "data.sql.reader.read",
}
SETTINGS = {  # each kind with its class of settings; a kind that is not here has only a path
    "csv": "contract.source.CsvSource",
    "parquet": "contract.source.ParquetSource",
    "jsonl": "contract.source.JsonlSource",
    # options, one line each
    "sql": "contract.sql.SqlSource",
}
ColumnType = Literal["integer", "float", "boolean", "category", "string", "timestamp"]
RESERVED = {"_score", "_source_row", "_file", "_record", "_raw", "_reasons", "_split", "_key"}
FORMAT = r"%[A-Za-z]|^epoch_(s|ms|us|ns)$"
Format = Annotated[str, Field(pattern=FORMAT)]
Mark = Annotated[str, Field(pattern=r"^[!-~]$")]
Text = Annotated[str, Field(min_length=1)]


def _not_reserved(name: str) -> str:
    if name.lower() in RESERVED:
        raise ValueError(f"'{name}' is a name that the pipeline uses itself; rename it")
    return name


ColumnName = Annotated[str, AfterValidator(_not_reserved)]


class NumberFormat(Section):
    """How the numbers of a column are written, where that is not 1234.5.

    With any of these settings, or with ``{}``, the minus may also stand behind the number or be a
    typographic one.
    """

    decimal: Literal[".", ","] = "."
    """Before the fraction."""
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    """Between groups of three digits; " " stands for every kind of space, ' for ’ too."""
    units: tuple[Text, ...] = ()
    """Texts that may stand before or behind the number and change nothing: $, EUR, %, kg."""
    factors: dict[Text, float] = Field(default={})
    """Texts behind the number that multiply it, as in {k: 1000, M: 1000000}."""

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; they must differ")
        return self


class TableSource(Section):
    """Where rows come from; each kind adds a key of its own name for their place."""

    columns: dict[ColumnName, ColumnType] | None = None
    """Raw columns to read and their types; null takes the contract's columns of these names."""
    pii: tuple[str, ...] = ()
    """Raw columns, read or not, whose values are masked in quarantine."""
    repeats: Literal["drop", "keep"] = "drop"
    """Whether a row that equals an earlier one in every column is dropped."""
    missing: tuple[str, ...] = ()
    """Texts that mean that a value is missing, besides null."""
    missing_by_column: dict[str, tuple[str, ...]] = Field(default={})
    """Such texts of single columns, instead of the ones above: NA may be Namibia in one of them."""
    formats: dict[str, Format] = Field(default={})
    """How a raw timestamp is written where it is not ISO 8601, by strftime's letters as in
    %d.%m.%Y %H:%M; or epoch_s, epoch_ms, epoch_us, epoch_ns."""
    numbers: dict[str, NumberFormat] = Field(default={})
    """How a raw integer or float is written where it is not 1234.5."""

    def missing_in(self, column: str) -> tuple[str, ...]:
        """Texts that mean that the column's value is missing."""
        return self.missing_by_column.get(column, self.missing)


class FileSource(TableSource):
    """One file, or all that a pattern matches; the key of the kind's name holds the pattern."""


def _codec(name: str) -> str:
    try:
        codecs.getincrementaldecoder(name)
    except LookupError:
        common = "utf-8, cp1252, latin-1, utf-16, shift_jis and gb18030"
        raise ValueError(f"Python knows no text encoding '{name}'; common are {common}") from None
    return name


class CsvSource(FileSource):
    """Delimited text, plain or gzipped; the first record names the columns."""

    csv: Text
    """Path from the project's root, or a pattern such as data/raw/*.csv.gz."""
    delimiter: str = Field(default=",", pattern=r"^[\t -~]$")
    """Between two fields."""
    quote: Mark | None = '"'
    """Around a field that holds delimiters, line breaks or (doubled) quotes; null for none."""
    escape: Mark | None = None
    """Before a quote or delimiter that belongs to the text, as MySQL and Spark write \\\\."""
    encoding: Annotated[str, AfterValidator(_codec)] = "utf-8"
    """Encoding of the file's text, by Python's name: utf-8, cp1252, utf-16, shift_jis."""
    skip_above: int = Field(default=0, ge=0)
    """Lines above the names: titles, or Excel's sep=; line."""
    comment: Text | None = None
    """First characters of the lines above the names that are skipped."""
    trailing_delimiter: bool = False
    """Whether every record except the names ends with one delimiter too many."""
    missing: tuple[str, ...] = Field(default=("",), min_length=1)
    """Texts that mean that a value is missing."""

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        marks = [mark for mark in (self.delimiter, self.quote, self.escape) if mark]
        if len(set(marks)) < len(marks):
            raise ValueError(f"delimiter, quote and escape must differ; given {marks}")
        return self


class ParquetSource(FileSource):
    """Parquet files; text may be kept as BINARY."""

    parquet: Text
    """Path from the project's root, or a pattern such as data/raw/*.parquet."""


class JsonlSource(FileSource):
    """JSON Lines, plain or gzipped: an object a line, whose keys are the columns."""

    jsonl: Text
    """Path from the project's root, or a pattern such as data/raw/*.jsonl.gz."""


def kind_of(source: object) -> str:
    """The kind of a source, by the key that it has; csv where it has no such key."""
    keys = source if isinstance(source, Mapping) else getattr(source, "__dict__", {})
    return next((kind for kind in reversed(READERS) if kind in keys), "csv")


def read_source(values: object) -> TableSource:
    """A source as ``contract.yaml`` has it, checked by the class of its kind."""
    source: TableSource = settings_of(kind_of(values)).model_validate(values)
    return source


def parse_source(text: str) -> TableSource:
    """A source from a command line: ``{sql: SHOP_URL, table: a}``."""
    try:
        values = parse_yaml(text)
        return read_source(values)
    except ValidationError as error:
        raise ConfigError(explain(error, f"the source '{text}'", values)) from None
    except (yaml.YAMLError, ValueError):
        form = "write it as in contract.yaml, in quotes: '{csv: rows.csv, delimiter: ;}'"
        raise ConfigError(f"'{text}' is no source; {form}") from None


def load(path: str) -> Any:
    """The object ``module.name`` of this package."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(f"..{module}", __package__), name)


@cache
def settings_of(kind: str) -> Any:
    """The class that checks sources of a kind."""
    if path := SETTINGS.get(kind):
        return load(path)
    field: Any = (Text, Field(description="Path, or a pattern of paths."))
    return create_model(f"{kind.capitalize()}Source", __base__=FileSource, **{kind: field})


Source = Annotated[SerializeAsAny[TableSource], PlainValidator(read_source)]
