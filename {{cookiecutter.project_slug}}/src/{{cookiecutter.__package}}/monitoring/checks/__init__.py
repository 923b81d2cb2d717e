"""Every check of a window; an option adds its own by a line."""

from importlib import import_module
from math import isfinite

from ...config import CheckConfig, Config
from ...models.versions import Versions
from ..finding import Check, Finding, Kind
from ..window import Window

CHECKS = [
    "monitoring.quality",
    "monitoring.drift",
    "monitoring.model_checks",
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
        ConfigError: the settings of an option's kind are not valid.
    """
    options = {kind.name: kind.settings(config) for kind in all_kinds().values() if kind.settings}
    return config.monitor.checks() | options


def others_of(versions: Versions, version: int) -> set[int]:
    """The versions whose rows any check compares with those of this one."""
    return {other for check in all_checks() for other in check.others(versions, version)}


def judge(window: Window) -> list[Finding]:
    """What every check found, but for kinds that are turned off and values that are not known."""
    found = [finding for check in all_checks() for finding in check.judge(window)]
    enabled = [finding for finding in found if window.settings[finding.kind].enabled]
    return [finding for finding in enabled if isfinite(finding.value)]
