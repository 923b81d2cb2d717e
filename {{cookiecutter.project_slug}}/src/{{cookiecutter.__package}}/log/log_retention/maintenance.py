"""What every change of the log needs: to be the only one, and segments that nobody writes to.

A process holds a shared lock on the segment that it writes to, so nobody writes any more to a closed
one whose exclusive lock can be had.
"""

import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow.parquet as pq
from filelock import FileLock

from ...errors import DataError
from ..live import absorbed, compacted_lines
from ..segments import LABELS, PREDICTIONS, Segment, listed

STEMS = (PREDICTIONS, LABELS)
CLOSED = ".closed.jsonl"
"""End of the name under which no writer looks for a segment."""
LOOK_S = 0.05


@contextmanager
def maintained(folder: Path) -> Iterator[None]:
    """Be the only one to change files of the log, once what a kill left behind is gone.

    Raises:
        DataError: a file cannot be read or written; what is in the log is as it was.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".maintenance.lock"):
            for stem in STEMS:
                _sweep(folder, stem)
            yield
    except OSError as error:
        raise DataError(
            f"the log in '{folder}' cannot be changed: {error}; it is whole, so run the command"
            " again with room on the disk, as the user whose servers write it"
        ) from None


def close_segments(
    folder: Path, stem: str, wait_s: float, which: Callable[[Segment], bool] = lambda _: True
) -> tuple[list[Segment], list[Segment]]:
    """Close segments; return those to which nobody writes then, and those that are still in use."""
    for segment in listed(folder, stem):
        if _is_open(segment) and which(segment):
            close_segment(segment.path)
    late = _wait_for_writers(folder, stem, wait_s)
    files = listed(folder, stem)
    ready = [segment for segment in files if segment not in late and not _is_open(segment)]
    return ready, [segment for segment in files if segment not in ready]


def close_segment(path: Path) -> None:
    """Give a segment the name under which no writer looks for it; its writer may be a while yet.

    On Windows, one that is in use stays open.
    """
    token = secrets.token_hex(4)
    with suppress(OSError):
        path.rename(path.with_name(f"{path.name.removesuffix('.jsonl')}-{token}{CLOSED}"))


def is_closed(segment: Segment) -> bool:
    """Whether writers look for it under this name no more."""
    return segment.path.name.endswith(CLOSED)


def is_free(path: Path) -> bool:
    """Whether no process writes to a segment; a closed one, once it is free, stays so."""
    if sys.platform == "win32":
        return True  # a file that is open is not renamed there, so a closed one has no writer
    import fcntl

    with path.open("rb+") as file, suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def lines_of(segment: Segment) -> Iterator[bytes]:
    """The lines of a segment, also those that a crash tore."""
    with segment.path.open("rb") as file:
        if segment.compacted:
            for lines in compacted_lines(pq.ParquetFile(file)):
                yield from lines
        else:
            yield from file


def segments_in(path: Path) -> list[str]:
    """Names of the segments whose records a Parquet file holds."""
    with pq.ParquetFile(path) as file:
        return absorbed(file)


def _wait_for_writers(folder: Path, stem: str, wait_s: float) -> list[Segment]:
    """The closed segments that still have a writer when the time is over."""
    deadline = time.monotonic() + wait_s
    waiting = [segment for segment in listed(folder, stem) if is_closed(segment)]
    while waiting := [segment for segment in waiting if not is_free(segment.path)]:
        if time.monotonic() > deadline:
            break
        time.sleep(LOOK_S)
    return waiting


def _is_open(segment: Segment) -> bool:
    """Whether a server may look for the segment under this name, to append to it."""
    return not is_closed(segment) and not segment.compacted


def _sweep(folder: Path, stem: str) -> None:
    """Delete what a kill left: files that were not finished, and segments that Parquet holds."""
    for staging in folder.glob(f".{stem}-*"):
        staging.unlink()
    for segment in [one for one in listed(folder, stem) if one.compacted]:
        for name in segments_in(segment.path):
            (folder / name).unlink(missing_ok=True)
