"""How a delimited file is written: found once, and then said in the contract."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ...contract import CsvSource
from ...errors import DataError
from ..fields import split
from ..files import opened
from ..records import records

Encoding = Literal["utf-8", "latin-1", "utf-16"]
DELIMITERS = (",", ";", "\t", "|")
QUOTES = ('"', "'", None)
BLOCK, SAMPLE = 4 << 20, 1 << 20
MOST_RECORDS = 1000
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def sniff(path: Path, name: str) -> CsvSource:
    """The source that reads the file at ``path``; ``name`` is what the contract calls it.

    Raises:
        DataError: the file cannot be read, or no delimiter makes several columns of it.
    """
    encoding = _encoding(path)
    with opened(path, encoding) as file:
        sample = b""
        while len(sample) < SAMPLE and (block := file.read(SAMPLE - len(sample))):
            sample += block
    inner = "latin-1" if encoding == "latin-1" else "utf-8"
    counts = {
        (d, q): [len(fields) for fields in _fields(sample, d, q, inner)]
        for q in QUOTES
        for d in DELIMITERS
    }
    delimiter, quote = max(counts, key=lambda one: _score(counts[one]))
    if counts[delimiter, quote]:  # else the reader tells why
        _check(path, counts[delimiter, quote])
    if quote == '"' and _wrapped(sample, delimiter, "'", inner):
        quote = "'"
    return CsvSource(csv=name, delimiter=delimiter, quote=quote, encoding=encoding)


def _encoding(path: Path) -> Encoding:
    """By the whole file: one that is UTF-8 but for a few bytes is damaged, not in another."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    with opened(path, "latin-1") as file:
        block = file.read(BLOCK)
        if block[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return "utf-16"
        while block:
            text = decoder.decode(block)
            lost = text.count(UNKNOWN) - block.count(UNKNOWN.encode())
            bad += max(lost, 0)
            good += 0 if text.isascii() else sum(character > "\x7f" for character in text) - lost
            block = file.read(BLOCK)
    return "latin-1" if bad * 10 > good else "utf-8"


def _fields(sample: bytes, delimiter: str, quote: str | None, encoding: str) -> Iterator[list[str]]:
    """The fields of the first records; none for one that is broken."""
    found = 0
    try:
        for run in records(io.BytesIO(sample), delimiter, quote, encoding):
            for index in range(min(len(run), MOST_RECORDS - found)):
                yield split(run.raw(index).decode(encoding), delimiter, quote)
            yield from ([] for _ in run.broken)
            found += len(run)
    except DataError:  # a quote that does not close, or the sample's end
        return


def _score(counts: list[int]) -> tuple[float, float, int]:
    """Share of the records that have as many fields as the first, or as most; and how many."""
    usual = max(set(counts), key=counts.count, default=0)
    if usual < 2:
        return 0.0, 0.0, 0
    same = counts.count(counts[0]) / len(counts) if counts[0] > 1 else 0.0
    return round(same, 2), round(counts.count(usual) / len(counts), 2), usual


def _check(path: Path, counts: list[int]) -> None:
    usual = max(set(counts), key=counts.count, default=counts[0])
    if usual < 2:
        raise DataError(
            f"'{path}' has no two columns: none of {' '.join(map(repr, DELIMITERS))} stands"
            " equally often in its lines; write it with one of them between the fields"
        )
    if counts[0] != usual and counts.count(counts[0]) < 0.5 * len(counts):
        raise DataError(
            f"the first line of '{path}' has {counts[0]} fields, but most have {usual}: it must"
            " name the columns. In a copy of the file, delete what is above the names, or name"
            " the first column (R leaves it out)"
        )


def _wrapped(sample: bytes, delimiter: str, quote: str, encoding: str) -> bool:
    """Whether the quote stands around fields, and never on one side alone."""
    both = 0
    for fields in _fields(sample, delimiter, None, encoding):
        for field in fields:
            starts, ends = field.startswith(quote), field.endswith(quote)
            if len(field) < 2 or not (starts or ends):
                continue
            if not (starts and ends):
                return False
            both += 1
    return both > 0 and b'"' not in sample
