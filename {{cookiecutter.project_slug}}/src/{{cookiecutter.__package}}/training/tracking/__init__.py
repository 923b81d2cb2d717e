"""Where runs and versions are mirrored: to a tracker, or nowhere. The versions are the truth.

A mirror is reconciled: what it has is listed, what we have is listed, and the difference is sent. So
a tracker that is down, or a process that is killed, loses nothing, and no queue is needed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ...config import TRACKERS, Config, TrainConfig
from ...models.versions import Version, Versions
from ...terminal import say


@dataclass(frozen=True, kw_only=True)
class Run:
    """A registered training, as a tracker records it."""

    version: Version
    folder: Path
    """The bundle's."""
    report: Path | None
    """The report's folder, where one was written."""
    params: Mapping[str, str]
    """Settings by dotted name, the winner's kind, and what else the result follows from."""
    metrics: Mapping[str, float]
    """On the test rows, the baselines' among them."""
    curves: Mapping[str, list[tuple[int, float]]]
    """Losses and scores by round."""
    tags: Mapping[str, str]
    """By what a run is found again: bundle, version, gate, commit."""


class Tracker(Protocol):
    """Mirrors one model's runs and versions; whatever it raises, it is tried again later."""

    name: str

    def bundles(self) -> set[str]:
        """The bundles of the versions that it has."""

    def aliases(self) -> Mapping[str, str]:
        """The bundle that each alias names."""

    def record(self, run: Run) -> None:
        """Record a run with its bundle as a version; what was half recorded is made anew."""

    def alias(self, alias: str, version: Version | None) -> None:
        """Let an alias name a version, or none."""


def mirror(config: Config, versions: Versions) -> bool:
    """Send the configured tracker what it lacks; whether it has everything now."""
    if config.train.tracker not in TRACKERS:
        return True
    return reconcile(tracker_of(config.train, versions.name), versions, config.monitor.reports)


def tracker_of(settings: TrainConfig, model: str) -> Tracker:
    """The tracker that the settings name; it connects when something is first asked of it."""
    tracker: Tracker = import_module(f".{settings.tracker}", __name__).tracker(settings, model)
    return tracker


def reconcile(tracker: Tracker, versions: Versions, reports: Path) -> bool:
    """Send the difference, oldest version first; a failure is said and stops nothing."""
    try:
        mirrored = tracker.bundles()
        for version in versions.all():
            if version.bundle not in mirrored:
                tracker.record(read_run(versions, version, reports))
        known = tracker.aliases()
        for alias, named in versions.aliases().items():
            if known.get(alias) != (named.bundle if named else None):
                tracker.alias(alias, named)
    except Exception as error:  # each tracker raises kinds of its own
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        reason = re.sub(r"://[^@/\s]*@", "://", reason)  # without a password
        say(
            f"warning   {tracker.name} was not reached: {reason[:300]}\n"
            "          nothing is lost: the next train, promote or rollback sends it"
        )
        return False
    return True


def read_run(versions: Versions, version: Version, reports: Path) -> Run:
    """What is recorded of a version, all of it from its bundle."""
    folder, report = versions.folder / version.bundle, reports / versions.name
    report /= f"version-{version.number}"
    metadata = json.loads((folder / "metadata.json").read_text())
    evaluation = json.loads((folder / "evaluation.json").read_text())
    names = ("model", "dataset", "contract", "seed", "libraries")
    git = metadata.get("git") or {}
    return Run(
        version=version,
        folder=folder,
        report=report if report.is_dir() else None,
        params=dict(_flat(metadata["settings"] | {name: metadata.get(name) for name in names})),
        metrics={
            f"{model}_{metric}": interval["value"]
            for model, metrics in metadata["metrics"].items()
            for metric, interval in metrics.items()
            if interval["value"] is not None
        },
        curves=(evaluation.get("learning") or {}).get("curves", {}),
        tags={
            "bundle": version.bundle,
            "version": str(version.number),
            "gate": "passed" if version.passed else "refused",
            "git.commit": str(git.get("commit")),
            "git.dirty": str(git.get("dirty")),
        },
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested values by dotted name, as text."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
