"""The kinds of sources, and how each one's bytes become texts."""

import codecs
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Self, Union

import yaml
from pydantic import (
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from ..config import explain, parse_yaml
from ..errors import ConfigError
from .table import FileSource, TableSource

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


class CsvSource(FileSource):
    """Delimited text, plain or gzipped; the first record names the columns."""

    csv: str = Field(min_length=1)
    """Path from the project's root, or a pattern such as data/raw/*.csv.gz."""
    delimiter: str = Field(default=",", pattern=r"^[\t -~]$")
    """Between two fields."""
    quote: Annotated[str, Field(pattern=r"^[!-~]$")] | None = '"'
    """Around a field that holds delimiters, line breaks or (doubled) quotes; null for none."""
    escape: Annotated[str, Field(pattern=r"^[!-~]$")] | None = None
    """Before a quote or delimiter that belongs to the text, as MySQL and Spark write \\\\."""
    encoding: str = "utf-8"
    """Encoding of the file's text, by Python's name: utf-8, cp1252, utf-16, shift_jis."""
    skip_above: int = Field(default=0, ge=0)
    """Lines above the names: titles, or Excel's sep=; line."""
    comment: str | None = Field(default=None, min_length=1)
    """First characters of the lines above the names that are skipped."""
    trailing_delimiter: bool = False
    """Whether every record except the names ends with one delimiter too many."""
    missing: tuple[str, ...] = Field(default=("",), min_length=1)
    """Texts that mean that a value is missing."""

    @field_validator("encoding")
    @classmethod
    def _codec_exists(cls, value: str) -> str:
        try:
            "".encode(value)
            codecs.getincrementaldecoder(value)
        except LookupError:
            raise ValueError(
                f"Python knows no text encoding '{value}'; common ones are utf-8, cp1252, latin-1,"
                " utf-16, shift_jis and gb18030"
            ) from None
        return value

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        marks = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        given = {key: mark for key, mark in marks.items() if mark is not None}
        for key, mark in given.items():
            if twin := next((k for k, m in given.items() if m == mark and k != key), None):
                raise ValueError(f"{key} and {twin} are both {mark!r}; they must differ")
        return self


class ParquetSource(FileSource):
    """Parquet files; text may be kept as BINARY."""

    parquet: str = Field(min_length=1)
    """Path from the project's root, or a pattern such as data/raw/*.parquet."""


class JsonlSource(FileSource):
    """JSON Lines, plain or gzipped: an object a line, whose keys are the columns."""

    jsonl: str = Field(min_length=1)
    """Path from the project's root, or a pattern such as data/raw/*.jsonl.gz."""


def kind_of(source: object) -> str:
    """The kind of a source, by the key that it has; csv where it has no such key."""
    keys = source if isinstance(source, Mapping) else getattr(source, "__dict__", {})
    return next((kind for kind in reversed(READERS) if kind in keys), "csv")


def parse_source(text: str) -> TableSource:
    """A source in the form of ``contract.yaml``, from a command line: ``{sql: SHOP_URL, table: a}``.

    Raises:
        ConfigError: it is no source.
    """
    try:
        source: TableSource = TypeAdapter(Source).validate_python(parse_yaml(text))
    except yaml.YAMLError:
        raise ConfigError(
            f"'{text}' is no source; write it as in contract.yaml, on one line and in quotes:"
            " '{csv: rows.csv, delimiter: ;}'"
        ) from None
    except ValidationError as error:
        raise ConfigError(explain(error, f"the source '{text}'", lambda at: at[1:])) from None
    return source


def load(path: str) -> Any:
    """The object ``module.name`` of this package."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(f"..{module}", __package__), name)


def _settings(kind: str) -> Any:
    if path := SETTINGS.get(kind):
        return load(path)
    field = Field(min_length=1, description="Path, or a pattern of paths.")
    where: dict[str, Any] = {kind: (str, field)}
    return create_model(f"{kind.capitalize()}Source", __base__=FileSource, **where)


if TYPE_CHECKING:
    Source = TableSource
else:  # by the kinds that this project has
    _KINDS = [Annotated[_settings(kind), Tag(kind)] for kind in reversed(READERS)]
    Source = Annotated[Union[tuple(_KINDS)], Discriminator(kind_of)]  # noqa: UP007
