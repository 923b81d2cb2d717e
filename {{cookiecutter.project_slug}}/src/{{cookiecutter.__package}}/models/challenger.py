"""The challenger: a version that answers a share of the requests, or all of them in the shadow.

``<bundles>/<name>/challenge`` holds the newest line: which version challenges which champion since
when, by whom and why, or how that ended. It is replaced in one step, as ``served`` is, and followed
by running servers; under ``before`` it holds every earlier line. What a server ended by itself is a
line as well, so that none starts it again. A promotion or rollback ends a challenge, too: the line
names the content of ``served`` that it was started under, and is over once that is another.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from ..errors import GateRefusedError, RegistryError
from ..storage import read_pointer, write_pointer
from .versions import Version, Versions, who

Route = Literal["challenger", "shadow"]
SERVER = "the server"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One line: a challenge that runs, or how it ended."""

    when: str
    who: str
    action: Literal["challenge", "stop", "abort", "end"]
    """It was started, stopped by a person, aborted by a server, or ended by a move of the champion."""
    version: int
    bundle: str
    against: int
    """The version that served when it started; under another one it is over."""
    route: Route
    """Whether the challenger answers its share of requests, or is only asked what it would answer."""
    share: Annotated[float, Field(gt=0, le=1)]
    """Of the requests."""
    why: str
    """Of an abort, what the challenger did."""
    served: str = ""
    """Hash of the served pointer's content when it was started; empty in lines of version 0.1."""

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.action == "challenge"

    @property
    def description(self) -> str:
        """What it is, in a few words."""
        share = f"{self.share:.4g} of the requests"
        return f"answers {share}" if self.route == "challenger" else f"shadows {share}"


LINES = TypeAdapter(list[Challenge])


class Challenges:
    """The challenges of one model."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._pointer = versions.folder / "challenge"
        self._served = versions.folder / "served"

    def pointers(self) -> tuple[str | None, str | None]:
        """What the two pointers hold, to see whether anything has changed."""
        return read_pointer(self._pointer), read_pointer(self._served)

    def newest(self) -> Challenge | None:
        """The challenge that was started last, and how it ended if it has.

        Raises:
            RegistryError: a pointer is damaged.
        """
        return next(reversed(self._lines()), None)

    def running(self) -> Challenge | None:
        """The challenge that runs against the version that serves.

        Raises:
            RegistryError: a pointer is damaged.
        """
        newest = self.newest()
        return newest if newest is not None and newest.runs else None

    def history(self) -> list[dict[str, Any]]:
        """Every line, oldest first."""
        return [asdict(line) for line in self._lines()]

    def _lines(self) -> list[Challenge]:
        try:
            text = read_pointer(self._pointer)
            content = json.loads(text or "null")
            before = [] if content is None else content.pop("before", [])
            lines = LINES.validate_python([] if content is None else [*before, content])
        except (OSError, ValueError, AttributeError, TypeError, RecursionError):
            raise RegistryError(
                f"'{self._pointer}' is damaged; delete it, and start the challenge again"
            ) from None
        if lines and lines[-1].runs and (ended := self._ended_by_a_move(lines[-1])) != lines[-1]:
            lines.append(ended)
        return lines

    def start(self, version: Version, route: Route, share: float, why: str = "") -> Challenge:
        """Let a version challenge the one that serves, in place of any other that does.

        Raises:
            RegistryError: none serves, or this one does, or the share is none.
            GateRefusedError: a version that its gate refused is to answer.
        """
        with self._versions.changing():
            served = self._versions.served()
            if served is None:
                raise RegistryError(self._versions.unserved())
            if served.number == version.number:
                raise RegistryError(f"version {version.number} serves already; challenge another")
            refuse_unfit(version, route, share)
            line = Challenge(
                when=_now(),
                who=who(),
                action="challenge",
                version=version.number,
                bundle=version.bundle,
                against=served.number,
                route=route,
                share=share,
                why=why,
                served=self._served_hash(),
            )
            self._put(line)
        return line

    def finish(self, why: str = "") -> Challenge | None:
        """Stop the challenge that runs; ``None`` where none does."""
        with self._versions.changing():
            newest = self.newest()
            if newest is None or not newest.runs:
                return None
            line = replace(newest, when=_now(), who=who(), action="stop", why=why)
            self._put(line)
        return line

    def abort(self, challenge: Challenge, why: str) -> bool:
        """End a challenge for what it did; false where somebody has ended it already.

        Raises:
            RegistryError: the folder cannot be written.
        """
        with self._versions.changing():
            if self.newest() != challenge:
                return False
            self._put(replace(challenge, when=_now(), who=SERVER, action="abort", why=why))
        return True

    def _ended_by_a_move(self, line: Challenge) -> Challenge:
        """A line that says it runs; what it is where another version has been served since."""
        move = self._versions.move()
        moved = line.served not in ("", self._served_hash())
        if move is None or (move["to"] == line.against and not moved):
            return line
        why = f"{move['action']} of version {move['to']}"
        return replace(line, when=move["when"], who=move["who"], action="end", why=why)

    def _served_hash(self) -> str:
        return sha256((read_pointer(self._served) or "").encode()).hexdigest()[:16]

    def _put(self, line: Challenge) -> None:
        write_pointer(self._pointer, json.dumps(asdict(line) | {"before": self.history()}))


def refuse_unfit(version: Version, route: Route, share: float) -> None:
    """Pass if a version may challenge in this way; in the shadow any may.

    Raises:
        RegistryError: the share is none, or leaves the champion nothing.
        GateRefusedError: its gate refused it.
    """
    if not 0 < share <= 1 or (share == 1 and route == "challenger"):
        valid = "above 0 and below 1" if route == "challenger" else "above 0 and at most 1"
        raise RegistryError(f"the share is {share:g}; give a number {valid}")
    if route == "challenger" and not version.passed:
        raise GateRefusedError(
            f"version {version.number} may not answer, its gate refused it:"
            f" {'; '.join(version.broken)}; to see what it would answer: --shadow"
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
