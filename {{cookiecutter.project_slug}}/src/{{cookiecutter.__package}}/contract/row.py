"""The contract: the columns of a row, their rules, and what is derived from them."""

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, model_validator

from ..config import Section, explain, keys_of, read_yaml, unknown
from ..errors import ConfigError
from ..values import canonical_category
from .source import ColumnName, ColumnType, CsvSource, Source

Role = Literal["feature", "target", "id", "time", "excluded", "metadata"]
NUMERIC_TYPES = frozenset({"integer", "float", "boolean"})
TARGETS = {
    "binary": {"boolean", "category", "integer"},
    "multiclass": {"category"},
    "regression": {"float", "integer"},
}
HEAD = {"id": {"string", "integer", "category"}, "time": {"timestamp"}}
POSITIVE = {"boolean": bool, "integer": int, "category": str}
CategoryText = Annotated[str, AfterValidator(canonical_category)]
SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Column(Section):
    """One column of the contract's row."""

    type: ColumnType
    """How a value is read, checked and encoded."""
    nullable: bool = False
    """Whether a value may be missing."""
    minimum: float | None = None
    """Smallest value allowed."""
    maximum: float | None = None
    """Largest value allowed."""
    allowed: tuple[CategoryText, ...] | None = None
    """Values that a category may take; null allows any and encodes those of the training rows."""
    role: Literal["feature", "excluded", "metadata"] | None = None
    """Only for columns that are not features; target, id and time are named above."""
    leaks: bool = False
    """Whether the value is known only after, or because of, the target; it is never a feature."""
    slice: bool = False
    """Whether quality is reported for each value; for category and boolean."""
    pii: bool = False
    """Whether values are masked in quarantine and errors, and stay in the ETL."""
    unit: str | None = None
    """Unit of the values."""
    why: str | None = None
    """Why the column is excluded, for the reader."""

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> Self:
        kind, low, high = self.type, self.minimum, self.maximum
        if not (low is None and high is None) and kind not in {"integer", "float"}:
            raise ValueError(f"minimum and maximum are for integer and float, not {kind}")
        if low is not None and high is not None and low > high:
            raise ValueError(f"minimum {low:g} is above maximum {high:g}")
        if self.allowed is not None and kind != "category":
            raise ValueError(f"allowed is for category, not {kind}")
        if self.slice and kind not in {"category", "boolean"}:
            raise ValueError(f"slice is for category and boolean, not {kind}")
        if kind == "string" and self.role == "feature":
            raise ValueError("a string is no feature; make it a category, or leave the role out")
        return self


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"'{name}' is not an IANA time zone such as Europe/Paris") from None
    return name


class Contract(Section):
    """``contract.yaml``, validated."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    """Name of the model, in registry, answers and paths."""
    description: str | None = None
    """What the model is for, in a sentence: the first on the server's page, in /docs, card and report."""
    task: Literal["binary", "multiclass", "regression"]
    """What is predicted: the chance of one value, of each of several, or a number."""
    target: str
    """The column to predict."""
    positive: bool | str | int | None = None
    """Binary: the target's value whose probability is predicted; true where it is left out."""
    labels: tuple[CategoryText, ...] | None = Field(default=None, min_length=2)
    """The values of a category target; needed for multiclass, null takes any two for binary."""
    id: str | None = None
    """The column that names a row once."""
    time: str | None = None
    """The column with the time of a row, for splits, windows and staleness."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """IANA name of the zone in which days and calendar features are counted."""
    sources: dict[SourceName, Source] = Field(min_length=1)
    """Where rows come from."""
    columns: dict[ColumnName, Column]
    """The row that model, request, batch file, drift report and tests see."""

    @model_validator(mode="before")
    @classmethod
    def _positive_is_true_by_default(cls, value: Any) -> Any:
        binary = isinstance(value, dict) and value.get("task") == "binary"
        return {**value, "positive": True} if binary and value.get("positive") is None else value

    @model_validator(mode="after")
    def _has_no_problem(self) -> Self:
        for check in (_head_problems, _source_problems, _label_problems):
            for problem in check(self):
                raise ValueError(problem)
        return self

    def role(self, name: str) -> Role:
        """The role of a column, by the contract's head, else by the column's own keys."""
        for role in ("target", "id", "time"):
            if getattr(self, role) == name:
                return role
        column = self.columns[name]
        if column.leaks:
            return "excluded"
        return column.role or ("metadata" if column.type == "string" else "feature")

    def _with_role(self, *roles: Role) -> tuple[str, ...]:
        return tuple(name for name in self.columns if self.role(name) in roles)

    def _of_types(self, *types: str) -> tuple[str, ...]:
        return tuple(name for name in self.features if self.columns[name].type in types)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Columns that the model sees, in order; the time is one of them."""
        return self._with_role("feature", "time")

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """Features in the graph's ``numeric`` input, in order."""
        return self._of_types(*NUMERIC_TYPES)

    @cached_property
    def category(self) -> tuple[str, ...]:
        """Features in the graph's ``category`` input, in order."""
        return self._of_types("category")

    @cached_property
    def times(self) -> tuple[str, ...]:
        """Features in the graph's ``time`` input, in order."""
        return self._of_types("timestamp")

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
        own = {name: column.type for name, column in self.columns.items()}
        declared = self.sources[source].columns
        return own if declared is None else dict(declared)

    @cached_property
    def text(self) -> str:
        """Canonical JSON, equal for equal contracts; the columns' order is part of them."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def _head_problems(contract: Contract) -> Iterator[str]:
    """Problems of the columns that the head names, and of features."""
    columns = contract.columns
    for key, types in ({"target": TARGETS[contract.task]} | HEAD).items():
        name = getattr(contract, key)
        if name is None:
            continue
        if name not in columns:
            yield f"{key}: {unknown(name, 'columns', columns)}"
        if columns[name].type not in types:
            yield f"{key}: '{name}' must be {' or '.join(sorted(types))}"
    for name in (*contract.features, contract.target, contract.id):
        if name is not None and columns[name].pii:
            what_to_do = "say role: excluded or metadata, or no pii"
            yield f"columns.{name}.pii: personal values never leave the ETL; {what_to_do}"
    if not contract.features:
        yield "columns: none is a feature, so there is nothing to learn from"


def _source_problems(contract: Contract) -> Iterator[str]:
    """Problems of what sources say of columns that they do not have."""
    for source, settings in contract.sources.items():
        columns = contract.source_columns(source)
        for key in ("formats", "numbers", "missing_by_column"):
            for name in getattr(settings, key):
                if name not in columns:
                    yield f"sources.{source}.{key}: {unknown(name, 'its columns', columns)}"


def _label_problems(contract: Contract) -> Iterator[str]:
    """Problems of the target's values: its labels, and the positive one of a binary task."""
    labels, positive, task = contract.labels, contract.positive, contract.task
    target = contract.columns[contract.target]
    if labels is None and task == "multiclass":
        yield "labels: list the values of the target, among which one is chosen"
    if labels is not None:
        if target.type != "category" or target.allowed is not None:
            what_to_do = "leave labels out, or take allowed out of the column"
            yield f"labels: '{contract.target}' is {target.type}, or has allowed values; {what_to_do}"
        if len(set(labels)) != len(labels):
            yield "labels: a value is listed twice"
        if task == "binary" and len(labels) != 2:
            yield f"labels: a binary task has two, not {len(labels)}"
    if task != "binary" and positive is not None:
        yield f"positive: a {task} task has none; leave it out"
    if task == "binary":
        if type(positive) is not POSITIVE[target.type]:
            kind = f"'{contract.target}', which is {target.type}"
            yield f"positive: {positive!r} is no value of {kind}; name the value to give chances of"
        valid = labels or target.allowed or (canonical_category(positive),)
        if target.type == "category" and positive not in valid:
            yield f"positive: no row has {positive!r}; valid are {', '.join(valid)}"


def load_contract(path: Path) -> Contract:
    """Read and check ``contract.yaml``; a ``ConfigError`` names each wrong key and what to do."""
    values = read_yaml(path)
    try:
        return Contract.model_validate(values)
    except ValidationError as error:
        known = dict.fromkeys(key.rpartition(".")[2] for key in keys_of(Contract | CsvSource))
        raise ConfigError(explain(error, f"the contract '{path}'", values, known)) from None
