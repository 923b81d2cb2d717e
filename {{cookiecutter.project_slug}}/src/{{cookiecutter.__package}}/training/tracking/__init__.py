"""Where runs and versions are mirrored: to a tracker, or nowhere. The versions are the truth.

A mirror is reconciled: what it has is listed, what we have is listed, and the difference is sent. So
a tracker that is down, or a process that is killed, loses nothing, and no queue is needed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ...config import TRACKERS, Config, TrainConfig
from ...models.versions import CHAMPION, Version, Versions
from ...terminal import say


@dataclass(frozen=True, kw_only=True)
class Run:
    """A registered training, as a tracker records it; all of it is read from the bundle."""

    version: Version
    folder: Path
    """The bundle's."""
    report: Path | None
    """The report's folder, where one was written."""

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What the bundle says of itself."""
        content: dict[str, Any] = json.loads((self.folder / "metadata.json").read_text())
        return content

    @cached_property
    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """Losses and scores by round."""
        record = json.loads((self.folder / "evaluation.json").read_text())
        return (record.get("learning") or {}).get("curves", {})  # type: ignore[no-any-return]

    @property
    def metrics(self) -> dict[str, float]:
        """On the test rows, the baselines' among them."""
        return {
            f"{model}_{metric}": interval["value"]
            for model, metrics in self.metadata["metrics"].items()
            for metric, interval in metrics.items()
            if interval["value"] is not None
        }

    @property
    def params(self) -> dict[str, str]:
        """Settings by dotted name, the winner's kind, and what else the result follows from."""
        names = ("model", "dataset", "contract", "seed", "libraries")
        rest = {name: self.metadata.get(name) for name in names}
        return flat(self.metadata["settings"] | rest)

    @property
    def tags(self) -> dict[str, str]:
        """By what a run is found again: bundle, version, gate, commit."""
        git = self.metadata.get("git") or {}
        return {
            "bundle": self.version.bundle,
            "version": str(self.version.number),
            "gate": "passed" if self.version.passed else "refused",
            "git.commit": str(git.get("commit")),
            "git.dirty": str(git.get("dirty")),
        }


class Tracker(Protocol):
    """Mirrors one model's runs and versions; whatever it raises, it is tried again later."""

    name: str

    def bundles(self) -> set[str]:
        """The bundles of the versions that it has."""

    def aliases(self) -> Mapping[str, str]:
        """The bundle that each alias names."""

    def record(self, run: Run) -> None:
        """Record a run with its bundle as a version; what was half recorded is made anew."""

    def alias(self, alias: str, version: Version | None, tags: Mapping[str, str]) -> None:
        """Let an alias name a version, or none; tag the version with how it came to."""


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
                folder = reports / versions.name / f"version-{version.number}"
                report = folder if folder.is_dir() else None
                bundle = versions.folder / version.bundle
                tracker.record(Run(version=version, folder=bundle, report=report))
        known, move = tracker.aliases(), versions.move() or {}
        keys: list[str] = [key for key in ("verdict", "why", "who", "when") if key in move]
        tags = {key: str(move[key]) for key in keys}
        for alias, named in versions.aliases().items():
            if known.get(alias) != (named.bundle if named else None):
                tracker.alias(alias, named, tags if alias == CHAMPION else {})
    except Exception as error:  # each tracker raises kinds of its own
        warn(tracker.name, error, "train, promote or rollback")
        return False
    return True


def warn(tracker: str, error: Exception, again: str) -> None:
    """Say that a tracker was not reached, and which commands try ``again``; a password is left out."""
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    reason = re.sub(r"://[^@/\s]*@", "://", reason)
    say(
        f"warning   {tracker} was not reached: {reason[:300]}\n"
        f"          nothing is lost: the next {again} sends it"
    )


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested values by dotted name, as text."""
    texts: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            texts |= flat(value, f"{prefix}{key}.")
        else:
            texts[f"{prefix}{key}"] = str(value)
    return texts
