"""Versions of a model, the served one and how it came to be: plain files that need no server.

``<bundles>/<name>/versions/3.json`` says which bundle version 3 is, ``served`` which version
serves, ``history.jsonl`` who changed that, when and why. This is the truth; a registry mirrors it.
"""

import getpass
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..atomic import point, pointed
from ..errors import RegistryError


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered bundle with the verdict of its gate."""

    number: int
    bundle: str
    passed: bool
    verdict: list[dict[str, Any]]
    run_id: str | None
    created: str


class Versions:
    """The versions of one model below ``bundles``."""

    def __init__(self, bundles: Path, name: str) -> None:
        self.name = name
        self.folder = bundles / name
        self._pointer = self.folder / "served"
        self._history = self.folder / "history.jsonl"

    def all(self) -> list[Version]:
        """Every version, oldest first."""
        files = (self.folder / "versions").glob("[0-9]*.json")
        return sorted((self._read(path) for path in files), key=lambda version: version.number)

    def get(self, number: int) -> Version:
        """A version by number.

        Raises:
            RegistryError: there is none of that number.
        """
        path = self.folder / "versions" / f"{number}.json"
        if not path.exists():
            known = ", ".join(str(version.number) for version in self.all()) or "none yet"
            raise RegistryError(f"{self.name} has no version {number}; its versions: {known}")
        return self._read(path)

    def of_bundle(self, bundle: str) -> Version | None:
        """The version that a bundle is registered as."""
        return next((version for version in self.all() if version.bundle == bundle), None)

    def register(
        self, bundle: str, verdict: list[dict[str, Any]], *, passed: bool, run_id: str | None
    ) -> Version:
        """Give a bundle the next number; numbers are never used twice, even by two at once."""
        (self.folder / "versions").mkdir(parents=True, exist_ok=True)
        number = max((version.number for version in self.all()), default=0) + 1
        version = Version(
            number=number,
            bundle=bundle,
            passed=passed,
            verdict=verdict,
            run_id=run_id,
            created=_now(),
        )
        content = json.dumps(asdict(version), indent=2)
        staging = self.folder / "versions" / f".{number}.{uuid4().hex}"
        staging.write_text(content)
        try:
            os.link(staging, self.folder / "versions" / f"{number}.json")
        except FileExistsError:
            return self.register(bundle, verdict, passed=passed, run_id=run_id)
        finally:
            staging.unlink()
        return version

    def served(self) -> Version | None:
        """The version that serves, or ``None`` before the first promotion."""
        number = pointed(self._pointer)
        return None if number is None else self.get(int(number))

    def unserved(self) -> str:
        """Why nothing serves, and what to do."""
        versions = self.all()
        if not versions:
            return f"no version of {self.name} serves yet; train one with: make train"
        newest = versions[-1]
        if newest.passed:
            return f"no version of {self.name} serves; promote one with: promote {newest.number}"
        broken = "; ".join(
            f"{r['rule']} ({r['reason']})" for r in newest.verdict if not r["passed"]
        )
        return (
            f"no version of {self.name} serves: the gate refused version {newest.number}: {broken}."
            " More rows or better features help; make train tries again"
        )

    def serve(self, version: Version, *, action: str, why: str) -> dict[str, Any]:
        """Move the pointer and write the history line; return the line."""
        before = self.served()
        line = {
            "when": _now(),
            "who": _who(),
            "action": action,
            "from": None if before is None else before.number,
            "to": version.number,
            "bundle": version.bundle,
            "why": why,
        }
        point(self._pointer, str(version.number))
        with self._history.open("a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")
        return line

    def history(self) -> list[dict[str, Any]]:
        """Every change of the served version, oldest first."""
        if not self._history.exists():
            return []
        return [json.loads(line) for line in self._history.read_text().splitlines()]

    def previous(self) -> Version:
        """The version that served before the one that serves now; what was rolled back is passed over.

        Raises:
            RegistryError: nothing served before.
        """
        path: list[int] = []
        for line in self.history():
            if line["action"] == "rollback" and line["to"] in path:
                del path[path.index(line["to"]) + 1 :]
            elif path[-1:] != [line["to"]]:
                path.append(line["to"])
        if len(path) > 1:
            return self.get(path[-2])
        raise RegistryError(f"{self.name} has nothing to roll back to: no other version has served")

    @staticmethod
    def _read(path: Path) -> Version:
        return Version(**json.loads(path.read_text()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "unknown"
