"""How a delimited file is written: inferred once, and then said in the contract."""

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import charset_normalizer

from ..contract import CsvSource
from ..data.read import GZIP, readable
from ..errors import DataError

HEAD_BYTES, SAMPLE_BYTES, SAMPLE_LINES, MOST_RECORDS, MOST_ABOVE = 1 << 20, 1 << 16, 2000, 1000, 50
DELIMITERS, QUOTES, ESCAPES = ",;\t|", ('"', "'", None), (None, "\\")
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
    n_above = _header(records, width, target)
    names, rows = records[n_above], [row for row in records[n_above + 1 :] if row]
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
    text = sample.decode("utf-8", "replace")
    n_lost = text.count("\ufffd") - sample.count("\ufffd".encode())
    if 10 * n_lost <= len(re.findall(r"[^\x00-\x7f]", text)) - n_lost:
        return "utf-8", []
    best = charset_normalizer.from_bytes(sample, cp_isolation=PAGES.split()).best()
    encoding = best.encoding.replace("_", "-") if best else "cp1252"
    text = sample.decode(encoding, "replace")
    examples = list(dict.fromkeys(re.findall(r"\w*[^\x00-\x7f]\w*", text)))[:3]
    return encoding, [
        f"the encoding is a guess: {encoding}, which reads {', '.join(map(repr, examples))}; if that"
        " is wrong, say encoding: under the source (cp1252, cp1250, cp1251, shift_jis, gb18030, …)"
    ]


def _records(lines: Sequence[str], marks: Mapping[str, Any]) -> list[Record]:
    """The first records; one that is broken is empty, and the last."""
    reader = csv.reader(
        lines,
        strict=True,
        delimiter=marks["delimiter"],
        quotechar=marks["quote"],
        escapechar=marks["escape"],
        quoting=csv.QUOTE_MINIMAL if marks["quote"] else csv.QUOTE_NONE,
    )
    records: list[Record] = []
    try:
        for record in islice(reader, MOST_RECORDS):
            records.append(record)
    except csv.Error:
        records.append([])
    return records


def _width(records: Sequence[Record]) -> int:
    """How many fields most records have."""
    widths = Counter(len(record) for record in records if record)
    return widths.most_common(1)[0][0] if widths else 0


def _delimited(
    path: Path, lines: Sequence[str], delimiters: str
) -> tuple[dict[str, Any], list[Record]]:
    """Split by the delimiter, quote and escape that give most records equally many fields."""
    escapes = ESCAPES if any("\\" in line for line in lines[:MOST_RECORDS]) else ESCAPES[:1]
    tried = []
    for quote, delimiter, escape in product(QUOTES, delimiters, escapes):
        marks = {"delimiter": delimiter, "quote": quote, "escape": escape}
        records = _records(lines, marks)
        width, n_read = _width(records), min(len(records), len(lines) - 1, 20)
        share = sum(len(record) == width for record in records) / max(len(records), 1)
        fields = (field for record in records[:20] for field in record)
        n_quoted = sum(len(field) > 1 and field[0] == field[-1] in "'\"" for field in fields)
        if width > 1:
            score = (round(share, 2) * n_read, round(share, 3), width, -n_quoted)
            tried.append((score, marks, records))
    if not tried:
        raise DataError(
            f"'{path}' has no two columns: none of {' '.join(map(repr, delimiters))} stands"
            " equally often in its lines; write it with one of them between the fields"
        )
    return max(tried, key=lambda one: one[0])[1:]


def _header(records: Sequence[Record], width: int, target: str) -> int:
    """Which record names the columns: the first that holds the target's name, else the first."""
    first, key = records[:MOST_ABOVE], target.strip().casefold()
    wide = [n for n, one in enumerate(first) if len(one) >= max(width - 1, 1)]
    named = [n for n in wide if key in {field.strip().casefold() for field in first[n]}]
    return (named or wide or [0])[0]
