"""The data contract: the raw columns of each source and the one row that everything else sees.

ETL typing and quarantine, encoders, the graph's inputs, the request model, drift columns and
test data are derived from it.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .config import explain, read_yaml
from .errors import ConfigError
from .values import canonical_category

ColumnType = Literal["integer", "float", "boolean", "category", "string", "timestamp"]
Role = Literal["feature", "target", "id", "time", "excluded", "metadata"]
NUMERIC_TYPES = frozenset({"integer", "float", "boolean"})
PIPELINES_OWN = frozenset({"_score", "_source_row", "_reasons", "_first", "_split", "_positive"})
SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class Source(_Part):
    """A file, and how its text becomes typed values."""

    csv: Path
    """Path of the CSV file, from the project's root."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """Between two fields."""
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    """How the file's bytes become text."""
    missing: tuple[str, ...] = Field(default=("",), min_length=1)
    """Texts that mean that a value is missing."""
    columns: dict[str, ColumnType] | None = None
    """Raw columns to read and their types; null takes the contract's columns of these names."""

    @field_validator("columns")
    @classmethod
    def _engines_tell_apart(
        cls, value: dict[str, ColumnType] | None
    ) -> dict[str, ColumnType] | None:
        _tell_apart(value or {})
        return value


class Column(_Part):
    """One column of the contract's row."""

    type: ColumnType
    """How a value is read, checked and encoded."""
    nullable: bool = False
    """Whether a value may be missing."""
    minimum: float | None = None
    """Smallest value allowed."""
    maximum: float | None = None
    """Largest value allowed."""
    allowed: tuple[str, ...] | None = None
    """Values that a category may take; null allows any and encodes the ones seen in training."""
    role: Literal["feature", "excluded", "metadata"] | None = None
    """Said only for columns that are not features; target, id and time are named above."""
    slice: bool = False
    """Whether quality is reported for each value."""
    pii: bool = False
    """Whether values are masked in errors and left out of samples."""
    unit: str | None = None
    """Unit of the values."""
    why: str | None = None
    """Why the column is excluded, for the reader."""

    @field_validator("allowed")
    @classmethod
    def _canonical(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(map(canonical_category, value))

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> Self:
        ranged = self.minimum is not None or self.maximum is not None
        if ranged and self.type not in {"integer", "float"}:
            raise ValueError(f"minimum and maximum are for integer and float, not {self.type}")
        if self.allowed is not None and self.type != "category":
            raise ValueError(f"allowed is for category, not {self.type}")
        if self.type == "string" and self.role == "feature":
            raise ValueError("a string is no feature; make it a category, or leave the role out")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        return self


class Contract(_Part):
    """``contract.yaml``, validated."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    """Name of the model, in registry, answers and paths."""
    task: Literal["binary"]
    """What is predicted."""
    target: str
    """The column to predict."""
    positive: bool | str | int = True
    """The target's value whose probability is predicted."""
    id: str | None = None
    """The column that names a row once."""
    time: str | None = None
    """When the row happened: split, windows and staleness go by it."""
    timezone: str = "UTC"
    """IANA name of the zone in which days and calendar features are counted."""
    sources: dict[SourceName, Source]
    """Where rows come from."""
    columns: dict[str, Column]
    """The row that model, request, batch file, drift report and tests see."""

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"'{value}' is not an IANA time zone such as Europe/Paris") from None
        return value

    @field_validator("sources", "columns")
    @classmethod
    def _engines_tell_apart(cls, value: dict[str, Any]) -> dict[str, Any]:
        _tell_apart(value)
        return value

    @model_validator(mode="after")
    def _named_columns_exist(self) -> Self:
        for key, types in (
            ("target", {"boolean", "category", "integer"}),
            ("id", {"string", "integer", "category"}),
            ("time", {"timestamp"}),
        ):
            name = getattr(self, key)
            if name is None:
                continue
            if name not in self.columns:
                raise ValueError(
                    f"{key}: '{name}' is not one of columns: {', '.join(self.columns)}"
                )
            if self.columns[name].type not in types:
                raise ValueError(f"{key}: '{name}' must be {' or '.join(sorted(types))}")
            if self.columns[name].role is not None:
                raise ValueError(f"columns.{name}.role: its role is {key}; leave it out")
        seen = [n for n in (*self.features, self.target, self.id) if n is not None]
        personal = [n for n in seen if self.columns[n].pii]
        if personal:
            raise ValueError(
                f"columns.{personal[0]}.pii: personal values never leave the ETL, so neither"
                " feature nor target nor id can be one; say role: excluded or metadata, or no pii"
            )
        if not self.sources:
            raise ValueError("sources: name at least one")
        if not self.features:
            raise ValueError("columns: none is a feature, so there is nothing to learn from")
        return self

    @model_validator(mode="after")
    def _rows_have_the_positive_value(self) -> Self:
        target = self.columns[self.target].type
        if type(self.positive) is not {"boolean": bool, "integer": int, "category": str}[target]:
            raise ValueError(
                f"positive: {self.positive!r} is no value of '{self.target}', which is {target};"
                " name the value whose probability is predicted"
            )
        allowed = self.columns[self.target].allowed
        if isinstance(self.positive, str) and (
            canonical_category(self.positive) != self.positive
            or (allowed is not None and self.positive not in allowed)
        ):
            values = ", ".join(allowed or [canonical_category(self.positive)])
            raise ValueError(f"positive: no row has {self.positive!r}; valid are {values}")
        return self

    def role(self, name: str) -> Role:
        """The role of a column: what the contract's head says, else the column itself."""
        for role in ("target", "id", "time"):
            if getattr(self, role) == name:
                return role
        column = self.columns[name]
        return column.role or ("metadata" if column.type == "string" else "feature")

    def _with_role(self, *roles: Role) -> tuple[str, ...]:
        return tuple(name for name in self.columns if self.role(name) in roles)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Columns that the model sees, in order; the time is one of them."""
        return self._with_role("feature", "time")

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """Features in the graph's ``numeric`` input, in order."""
        return tuple(n for n in self.features if self.columns[n].type in NUMERIC_TYPES)

    @cached_property
    def category(self) -> tuple[str, ...]:
        """Features in the graph's ``category`` input, in order."""
        return tuple(n for n in self.features if self.columns[n].type == "category")

    @cached_property
    def times(self) -> tuple[str, ...]:
        """Features in the graph's ``time`` input, in order."""
        return tuple(n for n in self.features if self.columns[n].type == "timestamp")

    @cached_property
    def request(self) -> tuple[str, ...]:
        """Columns of a request: the features, and what only travels along (id, metadata)."""
        return self._with_role("feature", "time", "id", "metadata")

    @cached_property
    def slices(self) -> tuple[str, ...]:
        """Columns by whose values quality is reported."""
        return tuple(name for name, column in self.columns.items() if column.slice)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of days and calendar features."""
        return ZoneInfo(self.timezone)

    def source_columns(self, source: str) -> dict[str, ColumnType]:
        """Raw columns of a source with their types."""
        declared = self.sources[source].columns
        if declared is not None:
            return dict(declared)
        return {name: column.type for name, column in self.columns.items()}

    @cached_property
    def text(self) -> str:
        """Canonical JSON, equal for equal contracts; the columns' order is part of them."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def load_contract(path: Path) -> Contract:
    """Read and check ``contract.yaml``.

    Raises:
        ConfigError: naming each key that is wrong and how to mend it.
    """
    try:
        return Contract.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ConfigError(explain(error, f"the contract '{path}'")) from None


def _tell_apart(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in PIPELINES_OWN:
            raise ValueError(f"'{name}' is a name that the pipeline uses itself; rename it")
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise ValueError(f"'{other}' and '{name}' are one name to SQL; rename one of them")
