"""Where runs and versions are mirrored: to a tracker, or nowhere."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ...config import TRACKERS, TrainConfig
from ...models.versions import Version, Versions
from ...storage import write_file
from .watched import Watched


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a training brought and its bundle does not say; kept beside the bundle."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    """On the test rows."""
    curves: Sequence[Mapping[str, float]] = ()
    """By epoch."""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    """Sources, rows by split and column summaries of the dataset version."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    """Interpreter, system and processors."""
    ended: float = 0.0
    """Seconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A registered training, as a tracker records it."""

    version: Version
    folder: Path
    """The bundle's."""
    report: Path | None
    """The report's folder, where one was written."""
    record: Record

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The bundle's own account."""
        content: dict[str, Any] = json.loads((self.folder / "metadata.json").read_text())
        return content

    @property
    def params(self) -> dict[str, str]:
        """Settings by dotted name, and what else the result follows from."""
        rest = {key: self.metadata.get(key) for key in ("dataset", "contract", "seed", "libraries")}
        return dict(flat("", {**self.metadata["settings"], **rest}))

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
    """Mirrors one model's runs and versions; whatever it raises, it is told again later."""

    name: str

    def record(self, run: Run) -> None:
        """Record a run with its bundle as a version; told twice, it holds it once."""

    def alias(self, alias: str, version: Version | None, tags: Mapping[str, str]) -> None:
        """Let an alias name a version, or none; tag the version with how it came to."""

    def watch(self, version: Version, windows: Sequence[Watched]) -> None:
        """Add windows in which a recorded version was judged; what was judged again comes again."""


class NullTracker:
    """Mirrors nothing."""

    name = "no tracker"

    def record(self, run: Run) -> None:
        """Nothing is recorded."""

    def alias(self, alias: str, version: Version | None, tags: Mapping[str, str]) -> None:
        """Nothing is mirrored."""

    def watch(self, version: Version, windows: Sequence[Watched]) -> None:
        """Nothing is recorded."""


def tracker_of(settings: TrainConfig, model: str) -> Tracker:
    """The tracker that the settings name; it connects when something is first sent to it."""
    if settings.tracker not in TRACKERS:
        return NullTracker()
    tracker: Tracker = import_module(f".{settings.tracker}", __name__).tracker(settings, model)
    return tracker


def environment() -> dict[str, Any]:
    """Where a training ran, without the names of machine and person."""
    return {
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
    }


def write_record(versions: Versions, bundle: str, record: Record) -> None:
    """Keep a record for as long as the bundle."""
    write_file(_place(versions, bundle), json.dumps(asdict(record)).encode())


def read_run(versions: Versions, version: Version, reports: Path) -> Run:
    """A version's run; one without a record has only what the bundle says."""
    report = reports / versions.name / f"version-{version.number}"
    place = _place(versions, version.bundle)
    record = Record(**json.loads(place.read_bytes())) if place.exists() else Record()
    return Run(
        version=version,
        folder=versions.folder / version.bundle,
        report=report if report.is_dir() else None,
        record=record,
    )


def _place(versions: Versions, bundle: str) -> Path:
    return versions.folder / "runs" / f"{bundle}.json"


def flat(prefix: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Nested values by dotted name, as text."""
    return [
        pair
        for key, value in values.items()
        for pair in (
            flat(f"{prefix}{key}.", value)
            if isinstance(value, Mapping)
            else [(f"{prefix}{key}", str(value))]
        )
    ]
