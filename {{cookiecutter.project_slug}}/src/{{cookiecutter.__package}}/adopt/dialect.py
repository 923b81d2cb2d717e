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

HEAD_BYTES, SAMPLE_BYTES, SAMPLE_LINES, MOST_RECORDS, MOST_ABOVE = 1 << 20, 1 << 16, 2000, 1000, 50
DELIMITERS, QUOTES, ESCAPES, COMMENTS = ",;\t|", ('"', "'", None), (None, "\\"), set("#%!*/")
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
    marks, starts, records = _delimited(path, lines, sep[1] if sep else DELIMITERS)
    width = _width(records)
    place = _header(records, width, target)
    names, rows = records[place], [row for row in records[place + 1 :] if row]
    trailing = len(names) == width - 1 and all(not row[-1] for row in rows if len(row) == width)
    if len(names) != width and not trailing:
        raise DataError(
            f"the line of names in '{path}' has {len(names)} fields ({', '.join(names)[:60]!r}),"
            f" but most have {width}: name every column in a copy (R leaves the first one out)"
        )
    settings = marks | {"csv": name, "encoding": encoding, "trailing_delimiter": trailing}
    above = lines[: starts[place]]
    signs = {line[0] for line in above}
    if len(signs) == 1 and signs <= COMMENTS - {names[0][:1]} and not sep:
        settings["comment"] = signs.pop()
    else:
        settings["skip_above"] = len(above) + bool(sep)
    if above:
        shown = above[0].strip()[:40]
        doubts.append(f"what stands above the names, such as {shown!r}, is skipped")
    return CsvSource(**settings), doubts


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


def _split(
    lines: Sequence[str], delimiter: str, quote: str | None, escape: str | None
) -> tuple[list[int], list[Record]]:
    """The first records, and how many lines stand before each; an empty one where one is broken."""
    quoting = csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL
    marks: dict[str, Any] = {"delimiter": delimiter, "quotechar": quote, "escapechar": escape}
    reader = csv.reader(lines, strict=True, **marks | {"quoting": quoting})
    starts, records = [0], list[Record]()
    try:
        for record in islice(reader, MOST_RECORDS):
            records.append(record)
            starts.append(reader.line_num)
    except csv.Error:
        records.append([])
    return starts, records


def _width(records: Sequence[Record]) -> int:
    """How many fields most records have."""
    widths = Counter(len(record) for record in records if record)
    return widths.most_common(1)[0][0] if widths else 0


def _delimited(
    path: Path, lines: Sequence[str], delimiters: str
) -> tuple[dict[str, Any], list[int], list[Record]]:
    """Delimiter, quote and escape under which most records have equally many fields."""
    tried, escaped = [], any("\\" in line for line in lines[:MOST_RECORDS])
    for quote, delimiter, escape in product(QUOTES, delimiters, ESCAPES[: 1 + escaped]):
        marks: dict[str, Any] = {"delimiter": delimiter, "quote": quote, "escape": escape}
        starts, records = _split(lines, **marks)
        width, n_read = _width(records), min(len(records), len(lines) - 1, 20)
        share = sum(len(record) == width for record in records) / max(len(records), 1)
        n_quoted = sum(len(f) > 1 and f[0] == f[-1] in "'\"" for one in records[:20] for f in one)
        score = (round(share, 2) * n_read, round(share, 3), width, -n_quoted)
        tried += [(score, marks, starts, records)] if width > 1 else []
    if not tried:
        raise DataError(
            f"'{path}' has no two columns: none of {' '.join(map(repr, delimiters))} stands"
            " equally often in its lines; write it with one of them between the fields"
        )
    return max(tried, key=lambda one: one[0])[1:]


def _header(records: Sequence[Record], width: int, target: str) -> int:
    """Which record names the columns: the first that holds the target's name, else the first."""
    wide = [n for n, one in enumerate(records[:MOST_ABOVE]) if len(one) >= max(width - 1, 1)]
    key = target.strip().casefold()
    named = [n for n in wide if key in {field.strip().casefold() for field in records[n]}]
    return next(iter(named or wide), 0)
