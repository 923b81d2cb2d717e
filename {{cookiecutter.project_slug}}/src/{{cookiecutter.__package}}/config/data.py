"""Settings of ``data.yaml``, each with its meaning, unit and default."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from ..errors import ConfigError
from .section import Fraction, Positive, Section, Share, unknown


class DateSplit(Section):
    """Cut at fixed dates, in the contract's time zone: the past trains, the future tests."""

    by: Literal["date"] = "date"
    """Rows are split by their time."""
    validation_from: date
    """First day of the validation rows."""
    test_from: date
    """First day of the test rows."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.validation_from >= self.test_from:
            raise ValueError("validation_from must be before test_from")
        return self


class RecentSplit(Section):
    """Cut so many days before the newest row: each new dataset trains on newer rows."""

    by: Literal["recent"]
    """Rows are split by their time, counted back from the last day with a labelled row."""
    validation_days: Positive = 28
    """Local days of the validation rows, before those of the test rows."""
    test_days: Positive = 28
    """Local days of the test rows; the last is the day of the newest row."""

    def until(self, newest: date) -> DateSplit:
        """The dates, where the newest row is of this day."""
        test = newest - timedelta(days=self.test_days - 1)
        return DateSplit(validation_from=test - timedelta(self.validation_days), test_from=test)


class HashSplit(Section):
    """Cut by a hash of each row's key, so that a row stays where it is when others are added.

    Up to 10,000 rows are shuffled instead: parts and labels then have exactly these shares.
    """

    by: Literal["hash", "group"]
    """hash: each row by its id, without one by all its values; group: by the column below."""
    group: str | None = None
    """Column whose rows stay together, such as a customer; for group alone."""
    validation: Share = 0.1
    """Share of the rows, or groups, for validation."""
    test: Share = 0.2
    """Share of the rows, or groups, for the test."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave nothing to train on; lower them")
        if (self.by == "group") != (self.group is not None):
            raise ValueError("group: name a column with by: group, and none with by: hash")
        return self


def _kind(value: object) -> str:
    by = value.get("by") if isinstance(value, Mapping) else getattr(value, "by", None)
    return {"hash": "hash", "group": "hash", "recent": "recent"}.get(str(by), "date")


SplitConfig = Annotated[
    Annotated[DateSplit, Tag("date")]
    | Annotated[RecentSplit, Tag("recent")]
    | Annotated[HashSplit, Tag("hash")],
    Discriminator(_kind),
]


class DataConfig(Section):
    """``data.yaml``: from the sources to a dataset version."""

    directory: Path = Path("data")
    """Folder of raw files, datasets and quarantine."""
    driving: str
    """The source whose rows become the dataset's rows; the others are joined to it."""
    split: SplitConfig
    """How rows become training, validation and test rows."""
    fetch: str | None = Field(default=None, pattern=r"^[a-z_][a-z0-9_]*$")
    """Module of data/ whose ``fetch(paths)`` downloads missing files; null downloads none."""
    max_rejected_fraction: Fraction = 0.05
    """Share of a source's rows that may be quarantined before the run stops."""

    def refuse_unknown(self, sources: Collection[str], columns: Collection[str]) -> None:
        """Raise a ``ConfigError`` for a source or column that the contract does not have."""
        group = getattr(self.split, "group", None)
        if self.driving not in sources:
            raise ConfigError(f"data.driving: {unknown(self.driving, 'the sources', sources)}")
        if group is not None and group not in columns:
            raise ConfigError(f"data.split.group: {unknown(group, 'the columns', columns)}")
