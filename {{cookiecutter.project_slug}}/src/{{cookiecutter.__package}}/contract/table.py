"""Settings that all kinds of sources share: the columns, and how their texts are written."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ..config import Section
from .column import ColumnType, refuse_reserved

FORMAT = r"%[A-Za-z]|^epoch_(s|ms|us|ns)$"
FormatText = Annotated[str, Field(pattern=FORMAT)]
Markers = tuple[str, ...]


class NumberFormat(Section):
    """How the numbers of a column are written, where that is not 1234.5.

    With any of these settings, or with ``{}``, the minus may also stand behind the number or be a
    typographic one.
    """

    decimal: Literal[".", ","] = "."
    """Before the fraction."""
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    """Between groups of three digits; " " stands for every kind of space, ' for ’ too."""
    units: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Texts that may stand before or behind the number and change nothing: $, EUR, %, kg."""
    factors: dict[Annotated[str, Field(min_length=1)], float] = Field(default={})
    """Texts behind the number that multiply it, as in {k: 1000, M: 1000000}."""

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; they must differ")
        for text in (*self.units, *self.factors):
            if re.search(r"[0-9,+-]", text) or not text.strip(". "):
                raise ValueError(f"{text!r} is no unit: digits, signs and marks belong to a number")
        return self


class TableSource(Section):
    """Where rows come from; each kind adds a key of its own name for their place."""

    columns: dict[str, ColumnType] | None = None
    """Raw columns to read and their types; null takes the contract's columns of these names."""
    pii: tuple[str, ...] = ()
    """Raw columns, read or not, whose values are masked in quarantine."""
    repeats: Literal["drop", "keep"] = "drop"
    """Whether a row that equals an earlier one in every column is dropped."""
    missing: Markers = ()
    """Texts that mean that a value is missing, besides null."""
    missing_by_column: dict[str, Markers] = Field(default={})
    """Such texts of single columns, instead of the ones above: NA may be Namibia in one of them."""
    formats: dict[str, FormatText] = Field(default={})
    """How a raw timestamp is written where it is not ISO 8601, by strftime's letters as in
    %d.%m.%Y %H:%M; or epoch_s, epoch_ms, epoch_us, epoch_ns."""
    numbers: dict[str, NumberFormat] = Field(default={})
    """How a raw integer or float is written where it is not 1234.5."""

    @field_validator("columns")
    @classmethod
    def _names_are_free(cls, value: dict[str, ColumnType] | None) -> dict[str, ColumnType] | None:
        refuse_reserved(value or {})
        return value

    def missing_in(self, column: str) -> Markers:
        """Texts that mean that the column's value is missing."""
        return self.missing_by_column.get(column, self.missing)


class FileSource(TableSource):
    """One file, or all that a pattern matches; the key of the kind's name holds the pattern."""
