"""What monitoring keeps: below ``monitor.history`` a JSON file for each judged window.

It is ``<model>/version-<number>/<first day>.json``. Judging a window again replaces its file in one
step, so a job that is stopped leaves no window half written; of two jobs the second waits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter

from ..errors import DataError
from ..storage import write_file
from .finding import Finding


@dataclass(frozen=True, kw_only=True)
class JudgedWindow:
    """A window as it was judged last."""

    model: str
    version: int
    first: date
    last: date
    complete: bool
    rows: int
    labelled: int
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        """The first day, in ISO 8601."""
        return self.first.isoformat()

    @property
    def days(self) -> int:
        """Its length."""
        return (self.last - self.first).days + 1

    def quality(self, metric: str) -> Finding | None:
        """A metric, where enough labels were known."""
        return next((one for one in self.findings if one.key == ("quality", metric)), None)


JUDGED = TypeAdapter(JudgedWindow)


@contextmanager
def usable(history: Path) -> Iterator[None]:
    """Report files that cannot be written, or do not hold what was written, as a ``DataError``."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise DataError(
            f"the history in '{history}' cannot be used: {error}; set monitor.history to another"
            " folder, or move this one away"
        ) from None


@contextmanager
def locked(history: Path, model: str) -> Iterator[None]:
    """Let one run at a time change what is kept of a model; another waits for its end."""
    lock = FileLock(history / model / ".lock")
    with usable(history):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def store_window(history: Path, window: JudgedWindow) -> None:
    """Keep a window in the place of what was judged of it before."""
    folder = history / window.model / f"version-{window.version}"
    with usable(history):
        write_file(folder / f"{window.name}.json", JUDGED.dump_json(window))


def read_windows(history: Path, model: str, version: int | None = None) -> list[JudgedWindow]:
    """Of a model, or of one version of it, in the order of time."""
    with usable(history):
        paths = (history / model).glob(f"version-{version or '*'}/*.json")
        windows = [JUDGED.validate_json(path.read_bytes()) for path in paths]
    return sorted(windows, key=lambda window: (window.first, window.version))
