"""Files of the prediction log: their names, who writes to them, and all of a day at one moment.

A process appends to ``<stem>-<day>-<process>.jsonl`` and holds a shared lock on it, which ends with the
process however that ends. The option ``log_retention`` renames such a file, so that its writer goes on
in a new one, and turns it into ``<stem>-<day>-<token>.parquet`` once nobody holds its lock any more.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

PREDICTIONS, LABELS = "predictions", "labels"
SHADOW = "shadow"
"""Route of a prediction that answered nobody."""
NAME = re.compile(r"[a-z]+-(?P<day>\d{4}-\d\d-\d\d)-[0-9a-f-]+(\.closed)?\.(jsonl|parquet)")
MODE = 0o640


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A file of the log."""

    path: Path
    day: date

    @property
    def compacted(self) -> bool:
        """Whether it is Parquet, and not lines."""
        return self.path.suffix == ".parquet"


def listed(folder: Path, stem: str, day: date | None = None) -> list[Segment]:
    """The files of a stem, of one day or of all, by day and name; none where there is no folder."""
    names = sorted(path.name for path in folder.glob(f"{stem}-{day or ''}*"))
    return [
        Segment(path=folder / name, day=date.fromisoformat(match["day"]))
        for name in names
        if (match := NAME.fullmatch(name))
    ]


@contextmanager
def opened(folder: Path, stem: str, day: date) -> Iterator[list[tuple[Segment, BinaryIO]]]:
    """The files of a day, opened as they all were at one moment, whatever is compacted meanwhile."""
    while True:
        segments = listed(folder, stem, day)
        with ExitStack() as stack:
            try:
                files: list[tuple[Segment, BinaryIO]] = [
                    (segment, stack.enter_context(segment.path.open("rb"))) for segment in segments
                ]
            except FileNotFoundError:
                continue
            if listed(folder, stem, day) == segments:
                yield files
                return


def open_segment(folder: Path, stem: str, day: date) -> tuple[int, Path]:
    """This process's file of a day, to append to; its lock says that it is in use.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-{day}-{os.getpid()}.jsonl"
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
        if _share(descriptor) and is_at(descriptor, path):
            return descriptor, path
        os.close(descriptor)  # it was renamed in between; there is place for a new one


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _share(descriptor: int) -> bool:
    """Take the lock of a writer; false where the file is being compacted."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # no locks on this file system, so nothing there can be compacted either
    return True
