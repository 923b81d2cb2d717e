"""One column of the row: its type, its rules and what happens to a value that breaks them."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from ..config import Section
from ..values import canonical_category

ColumnType = Literal["integer", "float", "boolean", "category", "string", "timestamp"]
Role = Literal["feature", "target", "id", "time", "excluded", "metadata"]
Mode = Literal["reject", "null", "fail"]
Rule = Literal["type", "missing", "minimum", "maximum", "allowed", "unique"]
NUMERIC_TYPES = frozenset({"integer", "float", "boolean"})
RESERVED = {"_score", "_source_row", "_file", "_record", "_raw", "_reasons", "_split", "_key"}


def _not_reserved(name: str) -> str:
    if name.lower() in RESERVED or name.lower().startswith("_nulled_"):
        raise ValueError(f"'{name}' is a name that the pipeline uses itself; rename it")
    return name


ColumnName = Annotated[str, AfterValidator(_not_reserved)]
CategoryText = Annotated[str, AfterValidator(canonical_category)]
# -0.0 equals 0.0, and has another text: equal contracts would have two hashes.
Bound = Annotated[float, AfterValidator(lambda value: value + 0.0)]


class Column(Section):
    """One column of the contract's row."""

    type: ColumnType
    """How a value is read, checked and encoded."""
    nullable: bool = False
    """Whether a value may be missing."""
    minimum: Bound | None = None
    """Smallest value allowed."""
    maximum: Bound | None = None
    """Largest value allowed."""
    allowed: tuple[CategoryText, ...] | None = None
    """Values that a category may take; null allows any and encodes those of the training rows."""
    on_violation: Mode | dict[Rule, Mode] = Field(default="reject", validate_default=True)
    """What a broken rule does: reject the row, null the value, or fail; for all rules or by rule."""
    role: Literal["feature", "excluded", "metadata"] | None = None
    """Only for columns that are not features; target, id and time are named above."""
    leaks: bool = False
    """Whether the value is known only after, or because of, the target; it is never a feature."""
    slice: bool = False
    """Whether quality is reported for each value; of numbers, for each quarter of the rows."""
    pii: bool = False
    """Whether values are masked in quarantine and errors, and stay in the ETL."""
    unit: str | None = None
    """Unit of the values."""
    why: str | None = None
    """Why the column is excluded, for the reader."""

    @field_validator("on_violation", mode="before")
    @classmethod
    def _null_is_a_mode(cls, value: Any) -> Any:
        """YAML reads an unquoted null as no value."""
        if isinstance(value, dict):
            return {rule: "null" if mode is None else mode for rule, mode in value.items()}
        return "null" if value is None else value

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> Self:
        low, high = self.minimum, self.maximum
        ranged = low is not None or high is not None
        if ranged and self.type not in {"integer", "float"}:
            raise ValueError(f"minimum and maximum are for integer and float, not {self.type}")
        if low is not None and high is not None and low > high:
            raise ValueError(f"minimum {low:g} is above maximum {high:g}")
        if self.allowed is not None and self.type != "category":
            raise ValueError(f"allowed is for category, not {self.type}")
        if self.type == "string" and self.role == "feature":
            raise ValueError("a string is no feature; make it a category, or leave the role out")
        if self.leaks and self.role not in {None, "excluded"}:
            raise ValueError(f"a column that leaks is no {self.role}; leave the role out")
        return self

    @model_validator(mode="after")
    def _null_needs_nullable(self) -> Self:
        nulling = [rule for rule in ("type", "minimum") if self.mode(rule) == "null"]
        if isinstance(self.on_violation, dict):
            nulling = [rule for rule, mode in self.on_violation.items() if mode == "null"]
            if never := sorted({"missing", "unique"} & set(nulling)):
                raise ValueError(f"on_violation.{never[0]}: null repairs nothing; reject or fail")
        if nulling and not self.nullable:
            raise ValueError("on_violation: null needs nullable: true, or say reject or fail")
        return self

    def mode(self, rule: Rule) -> Mode:
        """What a value that breaks ``rule`` does; ``null`` rejects where it would repair nothing."""
        if isinstance(self.on_violation, dict):
            return self.on_violation.get(rule, "reject")
        nulls_nothing = self.on_violation == "null" and rule in {"missing", "unique"}
        return "reject" if nulls_nothing else self.on_violation
