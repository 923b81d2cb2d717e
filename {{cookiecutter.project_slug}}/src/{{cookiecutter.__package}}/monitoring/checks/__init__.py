"""What is checked: a module for each kind of thing, whose ``CHECK`` judges one window."""

from importlib import import_module

from ...config import CheckConfig, Config
from ...errors import ConfigError
from ...models.versions import Versions
from ..check import Check, Kind
from ..finding import Finding
from ..seen import Seen

CHECKS = [
    "monitoring.checks.quality",
    "monitoring.checks.columns",
    "monitoring.checks.predictions",
    "monitoring.checks.calibration",
    "monitoring.checks.service",
    "monitoring.checks.contract",
    "monitoring.checks.staleness",
    "monitoring.checks.parity",
    # options, one line each
    "monitoring.checks.quality_estimate",
    "monitoring.checks.challenger",
]
"""Modules of this package."""
PACKAGE = __name__.partition(".")[0]


def all_checks() -> list[Check]:
    """The ``CHECK`` of each module."""
    return [import_module(f"{PACKAGE}.{name}").CHECK for name in CHECKS]


def all_kinds() -> dict[str, Kind]:
    """Every kind of finding, by name."""
    return {kind.name: kind for check in all_checks() for kind in check.kinds}


def settings_of(config: Config) -> dict[str, CheckConfig]:
    """The settings of every kind of finding.

    Raises:
        ConfigError: the settings of an option's kind are not valid, or its route names no sink.
    """
    found = config.monitor.checks()
    found |= {kind.name: kind.settings(config) for kind in all_kinds().values() if kind.settings}
    try:
        config.monitor.refuse_unknown_sinks(found)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return found


def others_of(versions: Versions, version: int) -> set[int]:
    """The versions whose rows any check compares with those of this one."""
    return {other for check in all_checks() for other in check.others(versions, version)}


def judge(seen: Seen) -> list[Finding]:
    """What every check found, but for kinds that are turned off in their settings."""
    found = [finding for check in all_checks() for finding in check.judge(seen)]
    return [finding for finding in found if seen.settings[finding.kind].enabled]
