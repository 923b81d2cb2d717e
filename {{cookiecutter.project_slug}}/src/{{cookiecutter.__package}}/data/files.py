"""Files that a pattern names, opened as bytes of plain text."""

import codecs
import glob
import gzip
import hashlib
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ..errors import DataError

GZIP = b"\x1f\x8b"
MARK = b"\xef\xbb\xbf"
PART = 16 << 20


class Readable(Protocol):
    """Bytes to be read in order."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


def matching(pattern: str) -> list[Path]:
    """The file of this name or, where there is none, the files that the pattern matches, sorted.

    Raises:
        DataError: there is none.
    """
    if Path(pattern).is_file():
        return [Path(pattern)]
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path's takes hidden files too
    files = sorted(path for path in map(Path, set(found)) if path.is_file())
    if not files:
        raise DataError(f"source file '{pattern}' does not exist; put it there or name another")
    return files


def fingerprint(path: Path) -> str:
    """BLAKE2 over the BLAKE2 of every 16 MiB of a file, in hexadecimal; two parts at a time.

    Raises:
        DataError: it cannot be read.
    """
    total, waiting = hashlib.blake2b(digest_size=16), deque[Future[bytes]]()
    try:
        with path.open("rb") as file, ThreadPoolExecutor(2) as workers:
            while part := file.read(PART):
                waiting.append(workers.submit(_digest, part))
                while len(waiting) > 2:
                    total.update(waiting.popleft().result())
    except OSError as error:
        raise unreadable(path, error) from None
    for left in waiting:
        total.update(left.result())
    return total.hexdigest()


def _digest(part: bytes) -> bytes:
    return hashlib.blake2b(part).digest()


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[Readable]:
    """A file's text as bytes without byte order mark: UTF-16 becomes UTF-8, gzip is unpacked.

    Raises:
        DataError: while it is read, that it is cut off, damaged or not in its encoding.
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == GZIP
            plain.seek(0)
            file: Readable = gzip.GzipFile(fileobj=plain) if packed else plain
            yield _Utf8(file) if encoding == "utf-16" else _Marked(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"'{path}' is a damaged or cut off gzip file: {error}; fetch it again"
        ) from None
    except UnicodeError as error:
        reason = error.reason if isinstance(error, UnicodeDecodeError) else error
        raise DataError(
            f"'{path}' is not {encoding}: {reason}; set the source's encoding"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> DataError:
    """That the system does not give a file's bytes."""
    return DataError(f"'{path}' cannot be read: {error.strerror or error}")


class _Marked:
    """Leaves out the byte order mark that some programs write before UTF-8."""

    def __init__(self, file: Readable) -> None:
        self.file, self.begun = file, False

    def read(self, size: int, /) -> bytes:
        block = self.file.read(size)
        if not self.begun:
            self.begun = True
            return block.removeprefix(MARK) or self.file.read(size)
        return block


class _Utf8:
    """UTF-16 as UTF-8."""

    def __init__(self, file: Readable) -> None:
        self.file, self.decoder = file, codecs.getincrementaldecoder("utf-16")()

    def read(self, size: int, /) -> bytes:
        while block := self.file.read(size):
            if text := self.decoder.decode(block):
                return text.encode()
        return self.decoder.decode(b"", final=True).encode()
