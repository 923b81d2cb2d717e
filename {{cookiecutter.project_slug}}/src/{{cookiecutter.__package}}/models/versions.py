"""Versions of a model, the served one and its history: plain files that need no server.

``<bundles>/<name>/versions/3.json`` says which bundle version 3 is. ``served`` holds the newest
move of the pointer (which version serves since when, by whom and why) and, under ``before``, every
earlier one. It is replaced in one step and is the truth; MLflow mirrors it.
"""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import TypeAdapter

from ..errors import RegistryError
from ..storage import read_pointer, write_file, write_pointer

CHAMPION = "champion"
"""What the version that serves is called."""
WAIT_S = 60.0
NOT_MEASURED = "–"
Move = dict[str, Any]
"""when, who, action, from, to, why, verdict."""


@dataclass(frozen=True)
class Rule:
    """One rule of a verdict: whether it passed and why, what was measured, and its limit."""

    name: str
    passed: bool
    reason: str
    measured: str = NOT_MEASURED
    limit: str = NOT_MEASURED

    def __str__(self) -> str:
        if self.measured == NOT_MEASURED:
            return f"{self.name}: {self.reason}"
        expected = "" if self.limit == NOT_MEASURED else f", wanted {self.limit}"
        return f"{self.name}: {self.measured}{expected} ({self.reason})"


@dataclass(frozen=True)
class Version:
    """A registered bundle with the verdict of its gate."""

    number: int
    bundle: str
    verdict: list[Rule]
    created: str

    @property
    def broken(self) -> list[Rule]:
        """The rules that refuse it."""
        return [rule for rule in self.verdict if not rule.passed]

    @property
    def passed(self) -> bool:
        """Whether it may serve."""
        return not self.broken


VERSION = TypeAdapter(Version)


class Versions:
    """The versions of one model below ``bundles``; what is damaged raises ``RegistryError``."""

    def __init__(self, bundles: Path, name: str) -> None:
        self.name = name
        self.folder = bundles / name
        self._pointer = self.folder / "served"
        self._lock = FileLock(self.folder / ".lock")

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the folder's lock; a second process waits, at most ``WAIT_S``.

        Raises:
            RegistryError: the folder cannot be written, or another process keeps the lock.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._lock.acquire(timeout=WAIT_S):
                yield
        except OSError as error:
            raise RegistryError(
                f"'{self.folder}' cannot be changed: {error}; what serves is what served"
            ) from None

    def all(self) -> list[Version]:
        """Every version, oldest first."""
        files = (self.folder / "versions").glob("[0-9]*.json")
        return sorted((_read(path) for path in files), key=lambda version: version.number)

    def get(self, number: int) -> Version:
        """A version by number; raises ``RegistryError`` if there is none."""
        path = self.folder / "versions" / f"{number}.json"
        if not path.exists():
            known = ", ".join(str(version.number) for version in self.all()) or "none yet"
            raise RegistryError(f"{self.name} has no version {number}; its versions: {known}")
        return _read(path)

    def find(self, name: str) -> Version:
        """A version by number, or ``champion``; raises ``RegistryError`` if there is none."""
        if name.isascii() and name.isdigit():
            return self.get(int(name))
        if name != CHAMPION:
            raise RegistryError(f"'{name}' names no version; give its number, or {CHAMPION}")
        if served := self.served():
            return served
        raise RegistryError(self.unserved())

    def of_bundle(self, bundle: str) -> Version | None:
        """The version that a bundle is registered as."""
        return next((version for version in self.all() if version.bundle == bundle), None)

    def register(self, bundle: str, verdict: list[Rule]) -> Version:
        """Give a bundle the next number; numbers are never used twice, even by two at once."""
        with self.changing():
            number = max((version.number for version in self.all()), default=0) + 1
            version = Version(number, bundle, verdict, created=_now())
            path = self.folder / "versions" / f"{number}.json"
            write_file(path, VERSION.dump_json(version, indent=2))
        return version

    def served(self) -> Version | None:
        """The version that serves, or ``None`` before the first promotion."""
        move = self.move()
        return None if move is None else self.get(move["to"])

    def move(self) -> Move | None:
        """The newest move of the pointer."""
        return next(reversed(self.history()), None)

    def history(self) -> list[Move]:
        """Every move of the pointer, oldest first."""
        try:
            content = json.loads(read_pointer(self._pointer) or "null")
            return [] if content is None else [*content.pop("before"), content]
        except (OSError, ValueError, KeyError, AttributeError, RecursionError):
            raise RegistryError(
                f"'{self._pointer}' is damaged; restore it from a copy, or delete it, and its history"
                " with it, and promote a version"
            ) from None

    def unserved(self) -> str:
        """Why nothing serves, and what to do."""
        nothing, newest = f"no version of {self.name} serves", next(reversed(self.all()), None)
        if newest is None:
            return f"{nothing} yet; train one with: make train"
        if newest.passed:
            return f"{nothing}; promote one with: promote {newest.number}"
        return (
            f"{nothing}: the gate refused version {newest.number}: {'; '.join(map(str, newest.broken))}."
            " More rows or better features help; make train tries again"
        )

    def serve(self, version: Version, *, action: str, why: str) -> None:
        """Move the pointer, its history with it in one step."""
        with self.changing():
            history = self.history()
            move = {
                "when": _now(),
                "who": _user(),
                "action": action,
                "from": history[-1]["to"] if history else None,
                "to": version.number,
                "why": why,
                "verdict": "passed" if version.passed else "overridden",
            }
            write_pointer(self._pointer, json.dumps(move | {"before": history}))

    def previous(self) -> Version:
        """The version that served when the present one was last promoted, so that rolling back
        twice goes further back; raises ``RegistryError`` if none did.
        """
        history = self.history()
        for move in reversed(history):
            if move["to"] == history[-1]["to"] and move["action"] != "rollback" and move["from"]:
                return self.get(move["from"])
        raise RegistryError(f"{self.name} has nothing to roll back to: no other version has served")


def _user() -> str:
    """The name of whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "unknown"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(path: Path) -> Version:
    try:
        return VERSION.validate_json(path.read_bytes())
    except (OSError, ValueError):
        raise RegistryError(f"'{path}' is damaged; restore it from a copy") from None
