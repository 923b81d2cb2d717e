"""Every check of a window; an option adds its own by a line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import isfinite

from ...config import CheckConfig, Config
from ..finding import Finding
from ..windows import Window

CHECKS = [
    "monitoring.checks.quality",
    "monitoring.checks.model",
    # options, one line each
    "monitoring.checks.quality_estimate",
    "monitoring.checks.challenger",
]
"""Modules of this package, each with a ``CHECK``."""
PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Check:
    """Judges one kind of thing in a window, or a few that are read from the same rows."""

    kinds: Mapping[str, str]
    """What is wrong, in a few words with ``{subject}`` in its place, by the name of the kind."""
    judge: Callable[[Window], Sequence[Finding]]
    """Pure, but for files that it reads."""
    settings: Callable[[Config], CheckConfig] | None = None
    """Reads the settings of an option's kind; those of core have sections in ``monitor.yaml``."""


def all_checks() -> list[Check]:
    """The check of each module."""
    return [import_module(f"{PACKAGE}.{name}").CHECK for name in CHECKS]


def settings_of(config: Config) -> dict[str, CheckConfig]:
    """The settings of every kind of finding.

    Raises:
        ConfigError: the settings of an option's kind are not valid.
    """
    settings = config.monitor.checks()
    for check in all_checks():
        if check.settings is not None:
            settings |= dict.fromkeys(check.kinds, check.settings(config))
    return settings


def judge(window: Window) -> list[Finding]:
    """The findings of every check, but for kinds that are turned off and values that are not known."""
    findings = [finding for check in all_checks() for finding in check.judge(window)]
    enabled = [finding for finding in findings if window.settings[finding.kind].enabled]
    return [finding for finding in enabled if isfinite(finding.value)]
