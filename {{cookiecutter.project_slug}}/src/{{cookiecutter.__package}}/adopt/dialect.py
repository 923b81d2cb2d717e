"""How a delimited file is written: found once, and then said in the contract."""

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

import charset_normalizer

from ..contract import CsvSource
from ..data.read import GZIP, readable
from ..errors import DataError

HEAD_BYTES, TAIL_BYTES, BLOCK_BYTES = 1 << 20, 1 << 16, 4 << 20
MOST_RECORDS, MOST_ABOVE, MOST_BELOW, MOST_AT_END, FEWEST_ROWS = 1000, 50, 2, 5, 15
DELIMITERS, QUOTES, ESCAPES = ",;\t|", ('"', "'", None), (None, "\\")
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
PAGES = "cp1252,cp1250,cp1251,cp1253,cp1254,cp1255,cp1256,cp1257,cp932,gb18030,big5,euc_kr,euc_jp"
PAGES += ",koi8_r,cp437,cp850,iso8859_2"
NUMBER = re.compile(r"^\W*[0-9][0-9.,' \u00a0\u202f_]*\W*(?:[a-zA-Z]{1,3}|e[+-]?[0-9]+)?$")
Records = list[list[str]]


def dialect(path: Path, name: str, target: str) -> tuple[CsvSource, list[str]]:
    """The source that reads the file at ``path`` and is called ``name``, and what is doubtful."""
    with readable(path):
        lines, tail, encoding, doubts = _lines(path)
    if not any(lines):
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    said: dict[str, Any] = {"csv": name, "encoding": encoding}
    sep = re.match(r'^"?sep=(.)"?$', lines[0], re.IGNORECASE)
    n_above = 1 if sep else _comments(lines)
    said |= {"comment": lines[0][0]} if n_above and not sep else {}
    marks, starts, records = _delimited(path, lines[n_above:], sep[1] if sep else DELIMITERS)
    usual = Counter(map(len, records)).most_common(1)[0][0]
    place = _header(records, usual, target)
    if starts[place] or sep:
        said.pop("comment", None)  # lines are skipped first, comments then
        said["skip_above"] = n_above + starts[place]
    if n_above + starts[place] > bool(sep):
        shown = lines[bool(sep)][:40]
        doubts.append(f"what stands above the names, such as {shown!r}, is skipped")
    names, rows = records[place], records[place + 1 :]
    behind = len(names) == usual - 1 and all(row[-1] == "" for row in rows if len(row) == usual)
    if len(names) != usual and not behind:
        raise DataError(
            f"the line of names in '{path}' has {len(names)} fields ({', '.join(names)[:60]!r}),"
            f" but most have {usual}: name every column in a copy (R leaves the first one out)"
        )
    last = rows if tail is None else _split(tail, **marks)[1]
    n_below, n_end, more = _no_rows(rows, last)
    said |= marks | {"trailing_delimiter": behind, "skip_below": n_below, "skip_end": n_end}
    return CsvSource.model_validate(said), [*doubts, *more]


def _lines(path: Path) -> tuple[list[str], list[str] | None, str, list[str]]:
    """The first lines, the last ones unless these are all, the encoding and what is doubtful."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    head = tail = odd = b""
    size = good = bad = 0
    with path.open("rb") as raw:
        packed = raw.peek(2)[:2] == GZIP
        file: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        while block := file.read(BLOCK_BYTES):
            size += len(block)
            head += block[: HEAD_BYTES - len(head)]
            tail = (tail + block)[-TAIL_BYTES:]
            if size >= HEAD_BYTES and not {10, 13} & set(head):
                raise DataError(
                    f"the first line of '{path}' is longer than {HEAD_BYTES >> 20} MB: it must name"
                    " the columns; is this a table with one row a line?"
                )
            if not block.isascii() or decoder.getstate()[0]:
                text = decoder.decode(block)
                lost = text.count("\ufffd") - block.count("\ufffd".encode())
                good, bad = good + len(re.findall(r"[^\x00-\x7f]", text)) - lost, bad + lost
                odd += b"\n".join(line for line in block.split(b"\n") if not line.isascii())
                odd = odd[:TAIL_BYTES]
    encoding, doubts = _encoding(head, odd) if bad * 10 > good else ("utf-8", [])
    lines, last = (re.split(r"\r\n?|\n", end.decode(encoding, "replace")) for end in (head, tail))
    lines[0] = lines[0].removeprefix("\ufeff")
    if size <= HEAD_BYTES:
        return lines[: -1 if lines[1:] and not lines[-1] else None], None, encoding, doubts
    return lines[:-1], last[1:], encoding, doubts


def _encoding(head: bytes, odd: bytes) -> tuple[str, list[str]]:
    """The encoding of bytes that are no UTF-8."""
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding, []
    best = charset_normalizer.from_bytes(odd, cp_isolation=PAGES.split(",")).best()
    found = best.encoding.replace("_", "-") if best else "cp1252"
    words = dict.fromkeys(re.findall(r"\w*[^\x00-\x7f]\w*", odd.decode(found, "replace")))
    shown = ", ".join(map(repr, list(words)[:3]))
    return found, [
        f"the encoding is a guess: {found}, which reads {shown}; if that is wrong, say encoding:"
        " under the source (cp1252, cp1250, cp1251, shift_jis, gb18030, …)"
    ]


def _comments(lines: Sequence[str]) -> int:
    """How many of the first lines begin with a sign that no name begins with."""
    n = next((n for n, line in enumerate(lines) if line[:1] != lines[0][:1]), 0)
    names = n == 1 and any(0 < lines[0].count(one) == lines[1].count(one) for one in DELIMITERS)
    return 0 if names or lines[0][:1] not in set("#%!*/") else n


def _split(
    lines: Sequence[str], delimiter: str, quote: str | None, escape: str | None
) -> tuple[list[int], Records]:
    """The first records, and how many lines stand before each; up to one that is broken."""
    found, starts, line = Records(), list[int](), 0
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=delimiter,
        quotechar=quote,
        escapechar=escape,
        quoting=csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL,
        strict=True,
    )
    try:
        for record in islice(reader, MOST_RECORDS):
            found += [record] if record else []
            starts += [line] if record else []
            line = reader.line_num
    except csv.Error:
        found.append([])
    return [*starts, line], found


def _delimited(
    path: Path, lines: Sequence[str], delimiters: str
) -> tuple[dict[str, Any], list[int], Records]:
    """Delimiter, quote and escape under which most records have equally many fields."""
    found, some = [], lines[:MOST_RECORDS]
    for quote, delimiter, escape in product(QUOTES, delimiters, ESCAPES):
        if escape and not any(escape in line for line in some):
            continue
        marks: dict[str, Any] = {"delimiter": delimiter, "quote": quote, "escape": escape}
        starts, records = _split(lines, **marks)
        usual, n = Counter(map(len, records)).most_common(1)[0] if records else (0, 0)
        if usual > 1 and (quote != "'" or _apostrophes(some, delimiter)):
            share, read = n / len(records), min(len(records), len(lines) - 1, 20)
            found.append(((round(share, 2) * read, round(share, 3), usual), marks, starts, records))
    if not found:
        raise DataError(
            f"'{path}' has no two columns: none of {' '.join(map(repr, delimiters))} stands"
            " equally often in its lines; write it with one of them between the fields"
        )
    return max(found, key=lambda one: one[0])[1:]


def _apostrophes(lines: Sequence[str], delimiter: str) -> bool:
    """Whether they stand around fields, and never on one side alone."""
    fields = [field.strip() for line in lines for field in line.split(f"{delimiter}'")[1:]]
    around = all(field.count("'") % 2 for field in fields if field)
    return bool(fields) and around and not any('"' in line for line in lines)


def _header(records: Records, usual: int, target: str) -> int:
    """Which record names the columns: the first that holds the target's name, or is full."""
    wide = [n for n, one in enumerate(records[:MOST_ABOVE]) if len(one) >= max(usual - 1, 1)]
    key = target.strip().casefold()
    named = [n for n in wide if key in {field.strip().casefold() for field in records[n]}]
    full = [n for n in wide if sum(map(bool, records[n])) * 2 > usual]
    return next(iter(named or full), 0)


def _no_rows(rows: Records, last: Records) -> tuple[int, int, list[str]]:
    """How many records below the names are units, and how many at the end totals or sources."""
    usual = Counter(map(len, rows)).most_common(1)[0][0] if len(rows) >= FEWEST_ROWS else 0
    inner = [row for row in rows[MOST_BELOW:-MOST_AT_END] if len(row) == usual]
    columns = list(zip(*inner, strict=True))
    numeric = [i for i, c in enumerate(columns) if sum(map(_plain, c)) * 2 > sum(map(bool, c))]
    known, n_below, n_end, doubts = [set(column) for column in columns], 0, 0, []
    for n, row in enumerate(rows[:MOST_BELOW], 1):
        odd = [i for i in numeric if len(row) == usual and row[i] and not _plain(row[i])]
        if 2 * len(odd) > len(numeric) and not any(row[i] in known[i] for i in odd):
            n_below = n
            doubts.append(f"the line below the names ({', '.join(row)[:50]!r}) is no row: skipped")
    for n, row in enumerate(last[: -MOST_AT_END - 1 : -1] if known else (), 1):
        first = next((i for i, field in enumerate(row) if field), 0)
        gaps = (
            any(row[i] == "" not in known[i] for i in range(usual)) if len(row) == usual else False
        )
        total = gaps and row[first] not in known[first] and not _plain(row[first])
        n_end = n if total or (len(row) != usual and 0 < len(row) <= 3) else n_end
    if n_end:
        shown = ",".join(last[-n_end])[:40]
        doubts.append(f"{n_end} lines at the end, such as {shown!r}, are no rows: skipped")
    return n_below, n_end, doubts


def _plain(text: str) -> bool:
    """Whether a field is a number, with whatever mark or unit, so that it names no column."""
    return NUMBER.match(text.strip()) is not None
