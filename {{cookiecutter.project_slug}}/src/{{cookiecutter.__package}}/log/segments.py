"""Files of the prediction log: their names, who writes to them, and a look at all of them at once.

A process writes ``<stem>-<day>-<process>.jsonl`` and holds a shared lock on it, which ends with the
process however that ends. To end a segment while its writer runs, it is renamed to
``<stem>-<day>-<process>-<token>.closed.jsonl``: what is still written goes there, until the writer
looks where its file is and goes on in a new one. Nobody writes to a closed segment any more once
its exclusive lock can be had. ``<stem>-<day>-<token>.parquet`` holds what such segments held.
"""

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError

PREDICTIONS, LABELS = "predictions", "labels"
SHADOW = "shadow"
"""Route of a prediction that answered nobody."""
CLOSED = ".closed.jsonl"
NAME = re.compile(r"[a-z]+-(?P<day>\d{4}-\d\d-\d\d)-[0-9a-f-]+(\.closed)?\.(jsonl|parquet)")
MODE = 0o640

if sys.platform == "win32":

    def _share(_: int) -> bool:
        return True

else:
    import fcntl

    def _share(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # no locks on this file system, so nothing there can be claimed either
        return True


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A file of the log."""

    path: Path
    day: date

    @property
    def compacted(self) -> bool:
        """Whether it is Parquet, and not lines."""
        return self.path.suffix == ".parquet"

    @property
    def closed(self) -> bool:
        """Whether writers look for it under this name no more."""
        return self.path.name.endswith(CLOSED)


def listed(folder: Path, stem: str, day: date | None = None) -> list[Segment]:
    """The files of a stem, of one day or of all, by day and name; none where there is no folder."""
    start, before = f"{stem}-{day or ''}", None
    while (names := sorted(name for name in _names(folder) if name.startswith(start))) != before:
        before = names  # one that was renamed while others were listed may be there twice, or not
    return [
        Segment(path=folder / name, day=date.fromisoformat(match["day"]))
        for name in names
        if (match := NAME.fullmatch(name))
    ]


@contextmanager
def opened(folder: Path, stem: str, day: date) -> Iterator[list[tuple[Segment, BinaryIO]]]:
    """The files of a day, opened as they all were at one moment, whatever is compacted meanwhile.

    Raises:
        DataError: they are more than this process may open.
    """
    while True:
        segments = listed(folder, stem, day)
        with ExitStack() as stack:
            files: list[tuple[Segment, BinaryIO]] = []
            try:
                for segment in segments:
                    files.append((segment, stack.enter_context(segment.path.open("rb"))))
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno != errno.EMFILE:
                    raise
                raise DataError(
                    f"'{folder}' has {len(segments):,} files of {day}, more than this process may"
                    " open; raise its limit: ulimit -n"
                ) from None
            if listed(folder, stem, day) == segments:
                yield files
                return


def open_segment(folder: Path, stem: str, day: date) -> tuple[int, Path]:
    """This process's file of a day, to append to; others know that it is in use.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-{day}-{os.getpid()}.jsonl"
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
        if _share(descriptor) and is_at(descriptor, path):
            return descriptor, path
        os.close(descriptor)  # it was closed in between; there is place for a new one


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
