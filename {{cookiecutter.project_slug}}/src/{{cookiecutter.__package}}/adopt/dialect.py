"""How a delimited file is written: inferred once, and then said in the contract."""

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import charset_normalizer

from ..contract import CsvSource
from ..data.read import GZIP, readable
from ..errors import DataError
from .forms import listed

HEAD_BYTES, SAMPLE_BYTES, SAMPLE_LINES, MOST_RECORDS, MOST_ABOVE = 1 << 20, 1 << 16, 2000, 1000, 50
DELIMITERS, QUOTES, ESCAPES = ",;\t|", ('"', None), (None, "\\")
PAGES = "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp932 gb18030 big5 euc_kr euc_jp"
PAGES += " koi8_r cp437 cp850 iso8859_2"
Record = Sequence[str]


def dialect(path: Path, name: str, target: str) -> tuple[CsvSource, list[str]]:
    """The source that reads the file at ``path`` and is called ``name``, and what is doubtful.

    Raises:
        DataError: the file is no table, or its columns have no names.
    """
    with readable(path):
        encoding, doubts = _encoding(path)
        with io.TextIOWrapper(_opened(path), encoding, "replace") as text:
            lines = text.readlines(HEAD_BYTES)
    if not any(map(str.strip, lines)):
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    lines[0] = lines[0].removeprefix("\ufeff")
    sep = re.match(r'^"?sep=(.)"?$', lines[0], re.IGNORECASE)
    lines = lines[1:] if sep else lines
    marks, records = _delimited(path, lines, sep[1] if sep else DELIMITERS)
    width = _width(records)
    wide = [n for n, one in enumerate(records[:MOST_ABOVE]) if len(one) >= width - 1] or [0]
    n_above = next((n for n in wide if target in map(str.strip, records[n])), wide[0])
    names, rows = records[n_above], filter(None, records[n_above + 1 :])
    trailing = len(names) == width - 1 and all(not row[-1] for row in rows if len(row) == width)
    if len(names) != width and not trailing:
        raise DataError(
            f"the line of names in '{path}' has {len(names)} fields ({', '.join(names)[:60]!r}),"
            f" but most have {width}: name every column in a copy (R leaves the first one out)"
        )
    if n_above:
        shown = lines[0].strip()[:40]
        doubts.append(f"what stands above the names, such as {shown!r}, is skipped")
    marks |= {"skip_above": n_above + bool(sep), "trailing_delimiter": trailing}
    return CsvSource(csv=name, encoding=encoding, **marks), doubts


def _opened(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """The file's bytes, unpacked."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    return gzip.open(path) if packed else path.open("rb")


def _encoding(path: Path) -> tuple[str, list[str]]:
    """The encoding by a mark, UTF-8 where nearly all fits it, else a guess with a doubt."""
    with _opened(path) as file:
        first = file.readline(HEAD_BYTES)
        if len(first) == HEAD_BYTES and b"\r" not in first:
            raise DataError(f"the first line of '{path}' is longer than 1 MB, and names no columns")
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", []
        lines = (line for line in chain([first], file) if not line.isascii())
        sample = b"".join(islice(lines, SAMPLE_LINES))[:SAMPLE_BYTES]
    wide = re.findall(r"[^\x00-\x7f]", sample.decode("utf-8", "replace"))
    if 11 * wide.count("\ufffd") <= len(wide):
        return "utf-8", []
    best = charset_normalizer.from_bytes(sample, cp_isolation=PAGES.split()).best()
    encoding = best.encoding.replace("_", "-") if best else "cp1252"
    words = re.findall(r"\w*[^\x00-\x7f]\w*", sample.decode(encoding, "replace"))
    doubt = f"the encoding is a guess: {encoding}, which reads {listed(dict.fromkeys(words))}"
    return encoding, [f"{doubt}; else say encoding under the source (cp1252, cp1250, gb18030, …)"]


def _records(
    lines: Sequence[str], delimiter: str, quote: str | None, escape: str | None
) -> list[Record]:
    """The first records; one that is broken is empty, and the last."""
    marks: Any = {"delimiter": delimiter, "quotechar": quote, "escapechar": escape}
    marks["quoting"] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    records: list[Record] = []
    try:
        for record in islice(csv.reader(lines, strict=True, **marks), MOST_RECORDS):
            records.append(record)
    except csv.Error:
        records.append([])
    return records


def _width(records: Sequence[Record]) -> int:
    """How many fields most records have."""
    widths = Counter(map(len, filter(None, records)))
    return max(widths, key=widths.__getitem__, default=0)


def _delimited(
    path: Path, lines: Sequence[str], delimiters: str
) -> tuple[dict[str, Any], list[Record]]:
    """Split by the delimiter, quote and escape that give most records equally many fields."""
    tried = []
    for quote, delimiter, escape in product(QUOTES, delimiters, ESCAPES):
        marks: dict[str, Any] = {"delimiter": delimiter, "quote": quote, "escape": escape}
        records = _records(lines, delimiter, quote, escape)
        width, n_read = _width(records), min(len(records), len(lines) - 1, 20)
        share = [*map(len, records)].count(width) / max(len(records), 1)
        if width > 1:
            score = (round(share, 2) * n_read, round(share, 3), width)
            tried.append((score, marks, records))
    if not tried:
        raise DataError(
            f"'{path}' has no two columns: none of {' '.join(map(repr, delimiters))} stands"
            " equally often in its lines; write it with one of them between the fields"
        )
    return max(tried, key=lambda one: one[0])[1:]
