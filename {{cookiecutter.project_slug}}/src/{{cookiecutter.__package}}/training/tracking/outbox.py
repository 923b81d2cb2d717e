"""What the tracker has yet to be told: it may be down, or this process killed, without a loss."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from ...models.versions import CHAMPION, Version, Versions
from ...storage import read_pointer, write_file
from ...terminal import say
from . import Tracker, read_run
from .watched import Watched

ALIASES = "aliases"
SENDERS = "train, promote, rollback or registry repair"


def warn(tracker: str, error: Exception, again: str) -> None:
    """Say that a tracker took nothing, and which commands try ``again``; a password is left out."""
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    reason = re.sub(r"://[^@/\s]*@", "://", reason)
    say(
        f"warning   {tracker} was not reached: {reason[:300]}\n"
        f"          nothing is lost: the next {again} sends it"
    )


class Outbox:
    """A mark for each record, and one for the aliases, that the tracker has not acknowledged.

    A mark is made before what it stands for and holds no content of its own: what is sent is read
    from the versions then. So a crash leaves a mark too many, never one too few.
    """

    def __init__(self, versions: Versions, tracker: Tracker, reports: Path) -> None:
        self.versions = versions
        self._reports = reports
        self._tracker = tracker
        self._folder = versions.folder / "outbox"
        self._watched = versions.folder / "watched"

    def mark(self, *names: str) -> None:
        """Note that something is about to change."""
        for name in names:
            write_file(self._folder / name, uuid4().hex.encode())

    def mark_all(self) -> None:
        """Note everything, for a tracker that lost what it had."""
        self.mark(*(version.bundle for version in self.versions.all()), ALIASES)
        for path in self._watched.glob("[!.]*.json"):
            path.unlink()

    def send(self) -> bool:
        """Tell the tracker what is marked, oldest version first; say whether it took everything.

        Nobody waits while another process does. A failure is said and stops nothing: what was made
        locally stands.
        """
        if not any(self._folder.glob("[!.]*")):
            return True
        try:
            with FileLock(self._folder / ".lock", timeout=0):
                return self._send()
        except Timeout:
            say(
                f"later     another process is sending what is new of {self.versions.name}\n"
                f"          nothing is lost: what it leaves, the next {SENDERS} sends"
            )
            return False
        except Exception as error:  # each tracker raises kinds of its own
            self._warn(error, SENDERS)
            return False

    def watch(self, version: Version, windows: Sequence[Watched]) -> bool:
        """Tell the tracker of judged windows that it does not know as they are, as ``send`` does."""
        place = self._watched / f"{version.bundle}.json"
        known = json.loads(place.read_bytes()) if place.exists() else {}
        told = known.get(self._tracker.name, {})
        news = [window for window in windows if told.get(window.name) != window.fingerprint]
        if not news:
            return True
        if not self.send():
            return False
        try:
            self._tracker.watch(version, news)
        except Exception as error:
            self._warn(error, "monitor")
            return False
        told |= {window.name: window.fingerprint for window in news}
        write_file(place, json.dumps({self._tracker.name: told}).encode())
        return True

    def _warn(self, error: Exception, again: str) -> None:
        warn(self._tracker.name, error, again)

    def _send(self) -> bool:
        for version in self.versions.all():
            if token := read_pointer(self._folder / version.bundle):
                self._tracker.record(read_run(self.versions, version, self._reports))
                self._acknowledge(version.bundle, token)
        if token := read_pointer(self._folder / ALIASES):
            move = self.versions.move() or {}
            told: list[str] = [key for key in ("verdict", "why", "who", "when") if key in move]
            tags = {key: str(move[key]) for key in told}
            for alias, named in self.versions.aliases().items():
                self._tracker.alias(alias, named, tags if alias == CHAMPION else {})
            self._acknowledge(ALIASES, token)
        return True

    def _acknowledge(self, name: str, token: str) -> None:
        """Take a mark away, unless it was made again meanwhile."""
        with self.versions.changing():
            if read_pointer(self._folder / name) == token:
                (self._folder / name).unlink()
