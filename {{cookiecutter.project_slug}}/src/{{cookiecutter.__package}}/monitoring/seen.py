"""What a check sees: one window of what was served, and the model that answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ..config import CheckConfig, MonitorConfig
from ..contract import Contract
from ..models.bundle import Bundle
from .served import Served
from .windows import Window

Settings = TypeVar("Settings", bound=CheckConfig)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One window, to be judged."""

    window: Window
    bundle: Bundle
    version: int
    config: MonitorConfig
    settings: Mapping[str, CheckConfig]
    """Of each kind of finding, also of those that have no section in ``config``."""
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

    def settings_of(self, kind: str, section: type[Settings]) -> Settings:
        """The settings of an option's kind, in the option's own section."""
        found = self.settings[kind]
        assert isinstance(found, section)  # noqa: S101 - for mypy: the kind itself read it
        return found
