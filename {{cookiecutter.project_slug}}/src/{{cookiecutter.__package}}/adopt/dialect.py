"""How a delimited file is written: found once, and then said in the contract."""

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import charset_normalizer

from ..contract import CsvSource
from ..data.read import GZIP, readable
from ..errors import DataError

HEAD_BYTES, TAIL_BYTES, BLOCK_BYTES = 1 << 20, 1 << 16, 4 << 20
MOST_RECORDS, MOST_ABOVE, MOST_BELOW, MOST_AT_END, FEWEST_ROWS = 1000, 50, 2, 5, 15
DELIMITERS, QUOTES = ",;\t|", ('"', "'", None)
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
CODE_PAGES = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp932 gb18030 big5 euc_kr".split()
)
CODE_PAGES += "euc_jp koi8_r cp437 cp850 iso8859_2".split()
NUMBER = re.compile(r"^\W*[0-9][0-9.,' \u00a0\u202f_]*\W*(?:[a-zA-Z]{1,3}|e[+-]?[0-9]+)?$")
Records = list[list[str]]


def dialect(path: Path, name: str, target: str) -> tuple[CsvSource, list[str]]:
    """The source that reads the file at ``path`` and is called ``name``, and what is doubtful.

    Raises:
        DataError: the file cannot be read, or nothing makes a table of it.
    """
    with readable(path):
        lines, tail, encoding, doubts = _lines(path)
    if not any(lines):
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    said: dict[str, Any] = {"csv": name, "encoding": encoding}
    n_above = 0
    if sep := re.match(r'^"?sep=(.)"?$', lines[0], re.IGNORECASE):
        said |= {"skip_above": 1, "delimiter": sep[1]}
        n_above = 1
    elif n_above := _comments(lines):
        said["comment"] = lines[0][0]
    body = lines[n_above:]
    marks, starts, records = _delimited(path, body, said.get("delimiter"))
    said |= marks
    usual = Counter(map(len, records)).most_common(1)[0][0]
    place = _header(records, usual, target)
    if starts[place]:
        said.pop("comment", None)  # lines are skipped first, comments then
        said["skip_above"] = n_above + starts[place]
    if n_above + starts[place] > bool(sep):
        shown = lines[1 if sep else 0][:40]
        doubts.append(f"what stands above the names, such as {shown!r}, is skipped")
    names, rows = records[place], records[place + 1 :]
    if len(names) == usual - 1 and all(row[-1] == "" for row in rows if len(row) == usual):
        said["trailing_delimiter"] = True
    elif len(names) != usual:
        raise DataError(
            f"the line of names in '{path}' has {len(names)} fields ({', '.join(names)[:60]!r}),"
            f" but most have {usual}: name every column in a copy (R leaves the first one out)"
        )
    last = rows if tail is None else _split(tail, **marks)[1]
    doubts += [*_below(said, rows), *_at_end(said, rows, last)]
    return CsvSource.model_validate(said), doubts


def _lines(path: Path) -> tuple[list[str], list[str] | None, str, list[str]]:
    """The first lines, the last ones unless these are all, the encoding and what is doubtful."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    head = tail = odd = b""
    size = good = bad = 0
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
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
                bad += lost
                good += (
                    len(text.encode("ascii", "ignore")) < len(text)
                    if not lost
                    else sum(one > "\x7f" for one in text) - lost
                )
                odd += b"\n".join(one for one in block.split(b"\n") if not one.isascii())
                odd = odd[:TAIL_BYTES]
    encoding, doubts = _encoding(head, odd, guess=bad * 10 > good)
    lines, last = (re.split(r"\r\n?|\n", end.decode(encoding, "replace")) for end in (head, tail))
    lines[0] = lines[0].removeprefix("\ufeff")
    if size <= HEAD_BYTES:
        return lines[: -1 if lines[1:] and not lines[-1] else None], None, encoding, doubts
    return lines[:-1], last[1:], encoding, doubts


def _encoding(head: bytes, odd: bytes, *, guess: bool) -> tuple[str, list[str]]:
    """A file that is UTF-8 but for a few bytes is damaged, not in another encoding."""
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding, []
    wide = head[:2000].count(0) > len(head[:2000]) / 4
    if not (wide or guess):
        return "utf-8", []
    found = "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    if not wide:
        best = charset_normalizer.from_bytes(odd, cp_isolation=CODE_PAGES).best()
        found = best.encoding.replace("_", "-") if best else "cp1252"
    words = re.findall(r"\w*[^\x00-\x7f]\w*", (odd or head).decode(found, "replace"))
    shown = ", ".join(map(repr, list(dict.fromkeys(words))[:3]))
    return found, [
        f"the encoding is a guess: {found}, which reads {shown}; if that is wrong, say encoding:"
        " under the source (cp1252, cp1250, cp1251, shift_jis, gb18030, …)"
    ]


def _comments(lines: Sequence[str]) -> int:
    """How many of the first lines begin with a sign that no name begins with."""
    sign = lines[0][:1]
    n = next((n for n, line in enumerate(lines) if not line.startswith(sign)), len(lines))
    if sign not in set("#%!*/") or n == len(lines):
        return 0
    names = n == 1 and any(0 < lines[0].count(one) == lines[1].count(one) for one in DELIMITERS)
    return 0 if names else n


def _split(
    lines: Sequence[str], delimiter: str, quote: str | None, escape: str | None = None
) -> tuple[list[int], Records]:
    """The first records, and how many lines stand before each; up to one that is broken."""
    found: Records = []
    starts: list[int] = []
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=delimiter,
        quotechar=quote,
        escapechar=escape,
        quoting=csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL,
        strict=True,
    )
    line = 0
    try:
        for record in reader:
            if record:
                found.append(record)
                starts.append(line)
            line = reader.line_num
            if len(found) == MOST_RECORDS:
                break
    except csv.Error:
        found.append([])
    return [*starts, line], found


def _delimited(
    path: Path, lines: Sequence[str], delimiter: str | None
) -> tuple[dict[str, Any], list[int], Records]:
    """Delimiter, quote and escape under which most records have equally many fields."""
    some = lines[:MOST_RECORDS]
    escapes = (None, "\\") if any("\\" in line for line in some) else (None,)
    found = []
    for quote in QUOTES:
        for marks in (
            {"delimiter": d, "quote": quote, "escape": e}
            for d in delimiter or DELIMITERS
            for e in escapes
        ):
            starts, records = _split(lines, **marks)
            usual, n = Counter(map(len, records)).most_common(1)[0] if records else (0, 0)
            if usual < 2 or (quote == "'" and not _apostrophes(some, marks["delimiter"])):
                continue
            share = n / len(records)
            read = min(len(records), len(lines) - 1, 20)
            found.append(((round(share, 2) * read, round(share, 3), usual), marks, starts, records))
    if not found:
        raise DataError(
            f"'{path}' has no two columns: none of {' '.join(map(repr, DELIMITERS))} stands"
            " equally often in its lines; write it with one of them between the fields"
        )
    _, marks, starts, records = max(found, key=lambda one: one[0])
    return {k: v for k, v in marks.items() if k != "escape" or v}, starts, records


def _apostrophes(lines: Sequence[str], delimiter: str) -> bool:
    """Whether they stand around fields, and never on one side alone."""
    if any('"' in line for line in lines):
        return False
    fields = [field.strip() for line in lines for field in line.split(f"{delimiter}'")[1:]]
    return bool(fields) and all(field.count("'") % 2 for field in fields if field)


def _header(records: Records, usual: int, target: str) -> int:
    """Which record names the columns: the first that holds the target's name, or is full."""
    wide = [n for n, one in enumerate(records[:MOST_ABOVE]) if len(one) >= max(usual - 1, 1)]
    key = target.strip().casefold()
    named = [n for n in wide if key in {field.strip().casefold() for field in records[n]}]
    full = [n for n in wide if sum(map(bool, records[n])) * 2 > usual]
    return next(iter(named or full), 0)


def _columns(rows: Records) -> list[list[str]]:
    """The fields by column, without the first and last few."""
    usual = Counter(map(len, rows)).most_common(1)[0][0] if len(rows) >= FEWEST_ROWS else -1
    return [
        list(c)
        for c in zip(*(r for r in rows[MOST_BELOW:-MOST_AT_END] if len(r) == usual), strict=True)
    ]


def _below(said: dict[str, Any], rows: Records) -> list[str]:
    """Records of units below the names, which are skipped."""
    doubts, columns = [], _columns(rows)
    numeric = {
        n: set(one)
        for n, one in enumerate(columns)
        if sum(map(_plain, one)) * 2 > sum(map(bool, one))
    }
    for n, row in enumerate(rows[:MOST_BELOW], 1):
        odd = [i for i in numeric if len(row) == len(columns) and row[i] and not _plain(row[i])]
        if 2 * len(odd) > len(numeric) and not any(row[i] in numeric[i] for i in odd):
            said["skip_below"] = n
            doubts.append(f"the line below the names ({', '.join(row)[:50]!r}) is no row: skipped")
    return doubts


def _at_end(said: dict[str, Any], rows: Records, last: Records) -> list[str]:
    """Records of totals and sources at the end, which are skipped."""
    known = [set(column) for column in _columns(rows)]
    complete = [n for n, fields in enumerate(known) if "" not in fields]
    for n, row in enumerate(last[: -MOST_AT_END - 1 : -1] if known else (), 1):
        first = next((i for i, field in enumerate(row) if field), 0)
        if len(row) == len(known):
            strange = row[first] not in known[first] and not _plain(row[first])
            if strange and any(row[i] == "" for i in complete):
                said["skip_end"] = n
        elif 0 < len(row) <= 3:
            said["skip_end"] = n
    n = said.get("skip_end", 0)
    shown = ",".join(last[-n])[:40] if n else ""
    return [f"{n} lines at the end, such as {shown!r}, are no rows: skipped"] if n else []


def _plain(text: str) -> bool:
    return NUMBER.match(text.strip()) is not None
