"""Bytes of delimited text to whole records: the line each begins at, and which are broken.

Blank lines are no records, but are counted as lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import DataError
from .files import Readable
from .quotes import NEWLINE, NONE, RETURN, Places, Quotes, quotes

BLOCK = 4 << 20
LONGEST = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Something in a file that is no row, or a row that may not go on."""

    line: int
    """The physical line it begins at, 1 for the first; of a table without lines, the row."""
    reasons: str
    raw: bytes | None
    """Its bytes as they are in the file; ``None`` where they may hold personal values."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """A run of whole records."""

    content: bytes
    """The records that are not broken, as they are in the file."""
    buffer: bytes
    """All of them, and what is between."""
    starts: Places
    """Where in ``buffer`` each record of ``content`` begins; blank lines are no records."""
    ends: Places
    """Where the line end of each is."""
    lines: Places
    """The physical line at which each begins."""
    broken: list[Broken]

    @property
    def last(self) -> int:
        """The line at which the last of them begins, broken or not."""
        lines = [int(self.lines[-1])] if len(self.lines) else []
        return max([*lines, *(one.line for one in self.broken[-1:])])

    def raw(self, index: int) -> bytes:
        """A record's bytes, without its line end."""
        return self.buffer[self.starts[index] : self.ends[index]].removesuffix(b"\r")

    def without_first(self) -> "Records":
        """The same, but for the first record."""
        length = int(self.ends[0] - self.starts[0]) + 1
        first = self.content.find(self.buffer[self.starts[0] : self.ends[0] + 1])
        return replace(
            self,
            content=self.content[first + length :],
            starts=self.starts[1:],
            ends=self.ends[1:],
            lines=self.lines[1:],
        )

    def __len__(self) -> int:
        return len(self.starts)


def records(
    file: Readable, delimiter: str, quote: str | None, encoding: str, size: int | None = None
) -> Iterator[Records]:
    """Cut a file into runs of about 4 MB, or ``size``; ``encoding`` is utf-8 or of single bytes.

    Raises:
        DataError: a quote opens and does not close, or a line does not end, within 64 MB.
    """
    rest, line = b"", 1
    while True:
        block = file.read(size or BLOCK)
        buffer = rest + block
        if not block and buffer and not buffer.endswith(b"\n"):
            buffer += b"\n"
        if buffer:
            cut = _cut(buffer, delimiter, quote)
            if cut.end:
                yield _records(buffer[: cut.end], cut, line, encoding)
            line += int(np.searchsorted(cut.newlines, cut.end))
            rest = buffer[cut.end :]
        if rest and (not block or len(rest) > LONGEST):
            raise DataError(_endless(line, quoted=len(cut.newlines) > 0))
        if not block:
            return


def _endless(line: int, *, quoted: bool) -> str:
    if not quoted:
        return f"line {line:,} does not end; end lines with LF or CRLF"
    return (
        f"a quote opens in the record at line {line:,} and does not close; close it,"
        " double the quotes inside a text, or set the source's quote"
    )


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """Where the records of a buffer are."""

    newlines: Places
    ends: Places
    """Newlines that end a record."""
    quotes: Quotes

    @property
    def end(self) -> int:
        """Just behind the last whole record; 0 where there is none."""
        return int(self.ends[-1]) + 1 if len(self.ends) else 0


def _cut(buffer: bytes, delimiter: str, quote: str | None) -> _Cut:
    characters = np.frombuffer(buffer, np.uint8)
    newlines = np.flatnonzero(characters == NEWLINE)
    if quote is None or quote.encode() not in buffer:
        return _Cut(newlines=newlines, ends=newlines, quotes=NONE)
    found = quotes(characters, newlines, ord(delimiter), ord(quote))
    return _Cut(newlines=newlines, ends=newlines[~found.around(newlines)], quotes=found)


def _records(buffer: bytes, cut: _Cut, line: int, encoding: str) -> Records:
    ends = cut.ends
    starts = np.concatenate([[0], ends[:-1] + 1])
    lines = line + np.searchsorted(cut.newlines, starts)
    reasons = _faults(buffer, cut, starts, encoding)
    characters = np.frombuffer(buffer, np.uint8)
    length = ends - starts
    good = (length > 1) | ((length == 1) & (characters[starts] != RETURN))
    broken, kept, at = [], [], 0
    for index in sorted(reasons):
        start, end = int(starts[index]), int(ends[index])
        raw = buffer[start:end].removesuffix(b"\r")
        broken.append(Broken(line=int(lines[index]), reasons=reasons[index], raw=raw))
        kept.append(buffer[at:start])
        at = end + 1
    if reasons:
        good[list(reasons)] = False
    return Records(
        content=b"".join([*kept, buffer[at:]]) if kept else buffer,
        buffer=buffer,
        starts=starts[good],
        ends=ends[good],
        lines=lines[good],
        broken=broken,
    )


def _faults(buffer: bytes, cut: _Cut, starts: Places, encoding: str) -> dict[int, str]:
    """What is wrong with records that are no rows, by their index."""
    found: dict[int, str] = {}
    characters = np.frombuffer(buffer, np.uint8)

    def tell(places: Places, reason: str) -> None:
        inside = places[places < len(buffer)]
        for index in np.unique(np.searchsorted(starts, inside, side="right") - 1).tolist():
            found.setdefault(index, reason)

    tell(_undecodable(buffer, starts, encoding), f"is not {encoding}")
    if b"\0" in buffer:
        tell(np.flatnonzero(characters == 0), "holds a NUL byte")
    tell(cut.quotes.wrong, "closes a quote inside a field: double the quotes inside a text")
    if b"\r" in buffer:
        returns = np.flatnonzero(characters[:-1] == RETURN)
        alone = returns[characters[returns + 1] != NEWLINE]
        alone = alone[~cut.quotes.around(alone)]
        tell(alone, "holds a carriage return that ends no line: end lines with LF or CRLF")
    return found


def _undecodable(buffer: bytes, starts: Places, encoding: str) -> Places:
    """Where records begin that are not in the encoding; every byte is some latin-1 letter."""
    none = starts[:0]
    if encoding != "utf-8" or buffer.isascii() or _decodes(buffer):
        return none
    odd = np.flatnonzero(np.frombuffer(buffer, np.uint8) > 127)
    indices = np.unique(np.searchsorted(starts, odd, side="right") - 1)
    ends = np.append(starts[1:], len(buffer))
    spans = zip(starts[indices].tolist(), ends[indices].tolist(), strict=True)
    return np.array([at for at, end in spans if not _decodes(buffer[at:end])], np.int64)


def _decodes(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
