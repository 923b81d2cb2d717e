"""What a watch sees: one window of what was served, and the model that answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..config import MonitorConfig
from ..contract import Contract
from ..models.bundle import Bundle
from .finding import Finding
from .served import Served
from .windows import Window


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One window, to be judged."""

    window: Window
    bundle: Bundle
    version: int
    config: MonitorConfig
    newest_s: int | None = None
    """The time of the newest row of the log, UTC seconds: by then labels had so long to come."""
    datasets: Path | None = None
    """The folder of datasets, to look rows up that ``transform`` joined later."""
    others: Mapping[int, Served] = field(default_factory=dict)
    """The rows of the window that other versions answered, by version."""

    @property
    def contract(self) -> Contract:
        """The bundle's."""
        return self.bundle.contract


Watch = Callable[[Seen], Sequence[Finding]]
"""Judges one kind of thing in a window. Pure, but for files that it reads."""
