"""The contract: the columns of a row, and what is derived from them."""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator

from ..config import Section, explain, nearest, read_yaml, unknown
from ..config.files import keys_of
from ..errors import ConfigError
from ..values import canonical_category
from .column import NUMERIC_TYPES, Column, ColumnType, Role, refuse_reserved
from .source import Source

TARGETS = {
    "binary": {"boolean", "category", "integer"},
    "multiclass": {"category"},
    "regression": {"float", "integer"},
}
SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Contract(Section):
    """``contract.yaml``, validated."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    """Name of the model, in registry, answers and paths."""
    task: Literal["binary", "multiclass", "regression"]
    """What is predicted: the chance of one value, of each of several, or a number."""
    target: str
    """The column to predict."""
    positive: bool | str | int | None = None
    """Binary: the target's value whose probability is predicted; true where it is left out."""
    labels: tuple[str, ...] | None = Field(default=None, min_length=2)
    """The values of a category target; needed for multiclass, null takes any two for binary."""
    id: str | None = None
    """The column that names a row once."""
    time: str | None = None
    """The column with the time of a row, for splits, windows and staleness."""
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

    @model_validator(mode="before")
    @classmethod
    def _positive_is_true_by_default(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("task") == "binary":
            return value if value.get("positive") is not None else {**value, "positive": True}
        return value

    @field_validator("sources")
    @classmethod
    def _files_have_names(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Quarantine has a file for each source, and some file systems ignore capitals."""
        for name in value:
            if any(other != name and other.lower() == name.lower() for other in value):
                raise ValueError(f"'{name}' and another are one name to some file systems")
        return value

    @field_validator("columns")
    @classmethod
    def _names_are_free(cls, value: dict[str, Any]) -> dict[str, Any]:
        refuse_reserved(value)
        return value

    @model_validator(mode="after")
    def _named_columns_exist(self) -> Self:
        for key, types in (
            ("target", TARGETS[self.task]),
            ("id", {"string", "integer", "category"}),
            ("time", {"timestamp"}),
        ):
            name = getattr(self, key)
            if name is None:
                continue
            if name not in self.columns:
                raise ValueError(f"{key}: {unknown(name, 'columns', self.columns)}")
            if self.columns[name].type not in types:
                raise ValueError(f"{key}: '{name}' must be {' or '.join(sorted(types))}")
            if self.columns[name].role is not None or self.columns[name].leaks:
                given = "leaks" if self.columns[name].leaks else "role"
                raise ValueError(f"columns.{name}.{given}: its role is {key}; leave it out")
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
    def _formats_fit_the_types(self) -> Self:
        for source, settings in self.sources.items():
            types = self.source_columns(source)
            for key, named, kinds in (
                ("formats", settings.formats, ("timestamp",)),
                ("numbers", settings.numbers, ("integer", "float")),
                ("missing_by_column", settings.missing_by_column, None),
            ):
                for name in named:
                    if name not in types or (kinds and types[name] not in kinds):
                        what = " or ".join(kinds or ("one",))
                        near = "" if name in types else nearest(name, list(types))
                        raise ValueError(
                            f"sources.{source}.{key}: '{name}' is no {what} among its columns{near}"
                        )
        return self

    @field_validator("labels")
    @classmethod
    def _canonical(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(map(canonical_category, value))

    @model_validator(mode="after")
    def _labels_are_the_targets(self) -> Self:
        target = self.columns[self.target]
        if self.labels is None:
            if self.task == "multiclass":
                raise ValueError("labels: list the values of the target, among which one is chosen")
            return self
        if self.task == "regression":
            raise ValueError("labels: a number has none; leave labels out")
        if target.type != "category" or target.allowed is not None:
            raise ValueError(
                f"labels: they are the values of a category without allowed, and '{self.target}'"
                f" is {target.type}; leave labels out, or take allowed out of the column"
            )
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: a value is listed twice")
        if self.task == "binary" and len(self.labels) != 2:
            raise ValueError(f"labels: a binary task has two, not {len(self.labels)}")
        return self

    @model_validator(mode="after")
    def _rows_have_the_positive_value(self) -> Self:
        target = self.columns[self.target].type
        if self.task != "binary":
            if self.positive is not None:
                raise ValueError(f"positive: a {self.task} task has none; leave it out")
            return self
        if type(self.positive) is not {"boolean": bool, "integer": int, "category": str}[target]:
            raise ValueError(
                f"positive: {self.positive!r} is no value of '{self.target}', which is {target};"
                " name the value whose probability is predicted"
            )
        allowed = self.labels or self.columns[self.target].allowed
        if isinstance(self.positive, str) and (
            canonical_category(self.positive) != self.positive
            or (allowed is not None and self.positive not in allowed)
        ):
            values = ", ".join(allowed or [canonical_category(self.positive)])
            raise ValueError(f"positive: no row has {self.positive!r}; valid are {values}")
        return self

    def role(self, name: str) -> Role:
        """The role of a column, by the contract's head, else by the column's own keys."""
        for role in ("target", "id", "time"):
            if getattr(self, role) == name:
                return role
        column = self.columns[name]
        implied: Role = "metadata" if column.type == "string" else "feature"
        return column.role or ("excluded" if column.leaks else implied)

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
        """Columns of a request: the features, and the id that travels along."""
        return self._with_role("feature", "time", "id")

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

    def same_row(self, other: "Contract") -> bool:
        """Whether callers and models of one fit the other: all but the sources is equal."""
        return self.model_dump(exclude={"sources"}) == other.model_dump(exclude={"sources"})

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
        ConfigError: it is wrong; the message names each key and what to do.
    """
    try:
        return Contract.model_validate(read_yaml(path))
    except ValidationError as error:
        known = dict.fromkeys(key.rpartition(".")[2] for key in keys_of(Contract))
        raise ConfigError(explain(error, f"the contract '{path}'", _key, known)) from None


def _key(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The place of a fault in the file: pydantic adds the types that it tried to the keys."""
    if place[:1] == ("sources",):
        return place[:2] + place[3:]
    return tuple(part for part in place if not str(part).startswith(("literal[", "dict[")))
