"""What drawings look at, and the words for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ....contract import Contract
from ....models.metrics import METRICS
from ....models.tasks import Task, task_of
from ....pages import short
from ....values import canonical_category


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What drawings look at."""

    contract: Contract
    record: Mapping[str, Any]
    threshold: float | None

    @property
    def task(self) -> Task:
        """What is predicted."""
        return task_of(self.contract)

    @property
    def main(self) -> str:
        """The deciding metric's title."""
        return METRICS[self.task.main].title

    @property
    def event(self) -> str:
        """The positive outcome."""
        return (
            f"{short(self.contract.target)} = {short(canonical_category(self.contract.positive))}"
        )

    @property
    def unit(self) -> str:
        """The target's unit, with a space before it."""
        unit = self.contract.columns[self.contract.target].unit
        return f" {short(unit)}" if unit else ""

    @property
    def target(self) -> str:
        """The target with its unit."""
        return short(self.contract.target) + (f" ({self.unit.strip()})" if self.unit else "")
