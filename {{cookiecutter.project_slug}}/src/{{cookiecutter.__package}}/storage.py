"""Write-once directories and atomically replaced files: a crash leaves the old thing whole."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import DataError


@contextmanager
def only_run(lock: Path, does: str) -> Iterator[None]:
    """Hold a lock; raises ``DataError`` where another run, which does the same, holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise DataError(f"another run {does}; wait until it ends") from None


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """Yield a staging directory that becomes ``target`` if the block succeeds, and vanishes if not.

    ``target`` never exists half-written. If another process made it meanwhile, theirs stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield staging
        staging.chmod(0o755)  # mkdtemp makes it private
        _sync(*staging.rglob("*"), staging)
        try:
            staging.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        _sync(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def new_file(target: Path, mode: int = 0o644) -> Iterator[Path]:
    """Yield a staging path that replaces ``target`` if the block succeeds, and vanishes if not.

    Until then only its owner may read it; then ``mode`` says who.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    staging = Path(name)
    try:
        yield staging
        staging.chmod(mode)
        move(staging, target)
    finally:
        staging.unlink(missing_ok=True)


def write_file(target: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace ``target`` by ``content`` in one step."""
    with new_file(target, mode) as staging:
        staging.write_bytes(content)


def move(source: Path, target: Path) -> None:
    """Put a file or folder, once it is on disk, in place of ``target`` in one step.

    A file may replace a file; a folder may not replace one that holds something.
    """
    _sync(source, *source.rglob("*"))
    source.replace(target)
    _sync(target.parent)


def write_pointer(pointer: Path, name: str) -> None:
    """Make ``pointer`` name something else; readers see the old name or the new one."""
    write_file(pointer, f"{name}\n".encode())


def read_pointer(pointer: Path) -> str | None:
    """The name that ``pointer`` holds, or ``None`` before it was first set."""
    try:
        return pointer.read_text().strip() or None
    except FileNotFoundError:
        return None


def file_hash(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(*paths: Path) -> None:
    """Wait until these are on disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
