"""One column of the row: its type and its rules."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from ..config import Section
from ..values import canonical_category

ColumnType = Literal["integer", "float", "boolean", "category", "string", "timestamp"]
Role = Literal["feature", "target", "id", "time", "excluded", "metadata"]
Rule = Literal["missing", "minimum", "maximum", "allowed"]
NUMERIC_TYPES = frozenset({"integer", "float", "boolean"})
RESERVED = {"_score", "_source_row", "_file", "_record", "_raw", "_reasons", "_split", "_key"}


def _not_reserved(name: str) -> str:
    if name.lower() in RESERVED:
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
