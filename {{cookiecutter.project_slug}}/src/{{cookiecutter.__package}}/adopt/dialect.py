"""How a delimited file is written: found once, and then said in the contract."""

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import charset_normalizer

from ..contract import CsvSource
from ..data.read import GZIP, readable
from ..errors import DataError

HEAD_BYTES, TAIL_BYTES, BLOCK_BYTES = 1 << 20, 1 << 16, 4 << 20
MOST_RECORDS, MOST_ABOVE, MOST_BELOW, MOST_AT_END = 1000, 50, 2, 5
DELIMITERS, QUOTES = ",;\t|", ('"', "'", None)
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
CODE_PAGES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"]
CODE_PAGES += ["cp932", "gb18030", "big5", "euc_kr", "euc_jp", "koi8_r", "cp437", "cp850", "iso8859_2"]
NUMBER = re.compile(r"^\W*[0-9][0-9.,' \u00a0\u202f_]*\W*(?:[a-zA-Z]{1,3}|e[+-]?[0-9]+)?$")
Record = list[str]
Records = list[Record]


@dataclass(frozen=True, kw_only=True)
class Ends:
    """A file's first and last bytes, and how many of all are no UTF-8."""

    head: bytes
    tail: bytes
    whole: bool
    """Whether the head is the whole file."""
    good: int
    bad: int
    """Characters beyond ASCII that are, and are not, UTF-8."""
    odd: bytes
    """Lines with bytes beyond ASCII, from all over the file."""


def dialect(path: Path, name: str, target: str) -> tuple[CsvSource, list[str]]:
    """The source that reads the file at ``path`` and is called ``name``, and what is doubtful.

    Raises:
        DataError: the file cannot be read, or nothing makes a table of it.
    """
    with readable(path):
        ends = _ends(path)
    encoding, doubts = _encoding(ends)
    head = ends.head.decode(encoding, "replace").removeprefix("\ufeff")
    tail = "" if ends.whole else ends.tail.decode(encoding, "replace").partition("\n")[2]
    lines = head.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) == 1 and not ends.whole:
        raise DataError(
            f"the first line of '{path}' is longer than {HEAD_BYTES >> 20} MB: it must name the"
            " columns; is this a table with one row a line?"
        )
    lines = lines if ends.whole else lines[:-1]
    said: dict[str, Any] = {"csv": name, "encoding": encoding}
    if sep := re.match(r'^"?sep=(.)"?$', lines[0], re.IGNORECASE):
        said |= {"skip_above": 1, "delimiter": sep[1]}
    elif comment := _comment(lines):
        said["comment"] = comment
    body = lines[said.get("skip_above", 0) :]
    while "comment" in said and body[0].startswith(said["comment"]):
        body = body[1:]
    if "comment" in said:
        doubts.append(f"lines above the names, such as {lines[0][:40]!r}: skipped")
    marks, starts, records = _delimited(path, body, said.get("delimiter"))
    said |= marks
    usual = Counter(map(len, records)).most_common(1)[0][0]
    place = _header(path, records, usual, target)
    if above := starts[place]:
        said.pop("comment", None)  # lines are skipped first, comments then
        said["skip_above"] = len(lines) - len(body) + above
        doubts.append(f"{_lines(above)} above the names, such as {body[0][:40]!r}: skipped")
    names, rows = records[place], records[place + 1 :]
    if len(names) == usual - 1 and all(row[-1] == "" for row in rows if len(row) == usual):
        said["trailing_delimiter"] = True
        names = [*names, ""]
    elif len(names) != usual:
        raise DataError(
            f"the line of names in '{path}' has {len(names)} fields ({', '.join(names)[:60]!r}),"
            f" but most have {usual}: in a copy of the file name every column (R leaves the first out)"
        )
    doubts += _no_rows(said, rows, rows if ends.whole else _split(tail.splitlines(), **_csv(said))[1])
    return CsvSource.model_validate(said), doubts


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _ends(path: Path) -> Ends:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    head, tail, odd, good, bad, size = b"", b"", b"", 0, 0, 0
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        file: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        while block := file.read(BLOCK_BYTES):
            size += len(block)
            head += block[: HEAD_BYTES - len(head)]
            tail = (tail + block)[-TAIL_BYTES:]
            if b"\n" not in head and len(head) == HEAD_BYTES and b"\r" not in head:
                break
            if not block.isascii() or decoder.getstate()[0]:
                text = decoder.decode(block)
                lost = max(text.count("\ufffd") - block.count("\ufffd".encode()), 0)
                bad += lost
                good += sum(1 for one in text if one > "\x7f") - lost if lost else 1
                if len(odd) < TAIL_BYTES:
                    odd += b"\n".join(one for one in block.split(b"\n") if not one.isascii())
    return Ends(
        head=head, tail=tail, whole=size <= HEAD_BYTES, good=good, bad=bad, odd=odd[:TAIL_BYTES]
    )


def _encoding(ends: Ends) -> tuple[str, list[str]]:
    """A file that is UTF-8 but for a few bytes is damaged, not in another encoding."""
    for mark, encoding in MARKS.items():
        if ends.head.startswith(mark):
            return encoding, []
    wide = ends.head[:2000].count(0) > len(ends.head[:2000]) / 4
    if not wide and ends.bad * 10 <= ends.good:
        return "utf-8", []
    if wide:
        found = "utf-16-le" if ends.head[1:2] == b"\0" else "utf-16-be"
    else:
        best = charset_normalizer.from_bytes(ends.odd, cp_isolation=CODE_PAGES).best()
        found = best.encoding.replace("_", "-") if best else "cp1252"
    if found in {"latin-1", "iso8859-1", "ascii", "utf-8"}:
        found = "cp1252"
    words = re.findall(r"\w*[^\x00-\x7f]\w*", (ends.odd or ends.head).decode(found, "replace"))
    shown = ", ".join(repr(word) for word in list(dict.fromkeys(words))[:3])
    return found, [
        f"the encoding is a guess: {found}, which reads {shown}; if that is wrong, say encoding:"
        " under the source (cp1252, cp1250, cp1251, shift_jis, gb18030, …)"
    ]


def _comment(lines: Sequence[str]) -> str | None:
    """What begins the lines above the names, where it begins none below."""
    first = re.match(r"^(#+|%+|//+|\*+|!+)", lines[0])
    if first is None:
        return None
    n_above = next((n for n, line in enumerate(lines) if not line.startswith(first[1])), 0)
    alike = _score([one.count(",") + 1 for one in (lines[n_above - 1], *lines[n_above:20])])
    names = n_above == 1 and lines[0].count(",") > 0 and alike[0] == 1
    return first[1][0] if n_above and not names else None


def _csv(said: dict[str, Any]) -> dict[str, Any]:
    return {key: said.get(key, {"quote": '"'}.get(key)) for key in ("delimiter", "quote", "escape")}


def _split(
    lines: Sequence[str], delimiter: str, quote: str | None, escape: str | None
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
        starts.append(line)
    return starts, found


def _delimited(
    path: Path, lines: Sequence[str], delimiter: str | None
) -> tuple[dict[str, Any], list[int], Records]:
    """Delimiter, quote and escape under which most records have equally many fields."""
    escapes = (None, "\\") if any("\\" in line for line in lines[:MOST_RECORDS]) else (None,)
    most = (0.0, 0, 0)
    best: tuple[dict[str, Any], list[int], Records] | None = None
    for quote in QUOTES:
        for escape in escapes:
            for one in delimiter or DELIMITERS:
                starts, records = _split(lines, one, quote, escape)
                share, usual = _score([len(record) for record in records])
                whole = len(records) - (not (records and records[-1]))
                if usual < 2 or (quote == "'" and not _wrapped(records, lines, one)):
                    continue
                score = (round(share, 2) * min(whole, len(lines) - 1, 20), round(share, 3), usual)
                if score > most:
                    most = score
                    best = {"delimiter": one, "quote": quote, "escape": escape}, starts, records
    if best is None:
        raise DataError(
            f"'{path}' has no two columns: none of {' '.join(map(repr, DELIMITERS))} stands"
            " equally often in its lines; write it with one of them between the fields"
        )
    if best[0]["escape"] is None:
        best[0].pop("escape")
    return best


def _score(counts: list[int]) -> tuple[float, int]:
    """Share of the records that have as many fields as most, and how many these are."""
    usual, n = Counter(counts).most_common(1)[0] if counts else (0, 0)
    return n / max(len(counts), 1), usual


def _wrapped(records: Records, lines: Sequence[str], delimiter: str) -> bool:
    """Whether apostrophes stand around fields, and never on one side alone."""
    if any('"' in line for line in lines[:MOST_RECORDS]):
        return False
    fields = [f.strip() for line in lines[:MOST_RECORDS] for f in line.split(f"{delimiter}'")[1:]]
    return bool(fields) and all(field.count("'") % 2 for field in fields if field)


def _header(path: Path, records: Records, usual: int, target: str) -> int:
    """Which record names the columns: the first that holds the target's name, or is full."""
    wide = [n for n, one in enumerate(records[:MOST_ABOVE]) if len(one) >= max(usual - 1, 1)]
    key = target.strip().casefold()
    for n in wide:
        if key in {field.strip().casefold() for field in records[n]}:
            return n
    full = [n for n in wide if sum(map(bool, records[n])) * 2 > usual]
    return full[0] if full else 0


def _no_rows(said: dict[str, Any], rows: Records, tail: Records) -> list[str]:
    """Records of units below the names and of totals at the end, which are skipped."""
    usual, doubts = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0, []
    columns = list(zip(*(row for row in rows if len(row) == usual), strict=True))
    columns = [column[MOST_BELOW : len(column) - MOST_AT_END] for column in columns]
    if not columns or len(columns[0]) < 10:
        return []
    numeric = [
        n for n, one in enumerate(columns) if sum(map(_plain, one)) > 0.5 * sum(map(bool, one)) > 0
    ]
    known = [set(column) for column in columns]
    complete = [n for n, column in enumerate(columns) if "" not in known[n]]
    for n, row in enumerate(rows[:MOST_BELOW], 1):
        odd = [i for i in numeric if len(row) == usual and row[i] and not _plain(row[i])]
        if 2 * len(odd) > len(numeric) and not any(row[i] in known[i] for i in odd):
            said["skip_below"] = n
            doubts.append(f"the line below the names ({', '.join(row)[:50]!r}) is no row: skipped")
    for n, row in enumerate(tail[: -MOST_AT_END - 1 : -1], 1):
        if len(row) == usual:
            text = next((i for i, one in enumerate(row) if one), 0)
            strange = row[text] not in known[text] and not _plain(row[text])
            blank = [i for i in complete if row[i] == ""]
            if not (strange and blank):
                continue
        elif not row or len(row) > 3:
            continue
        said["skip_end"] = n
    if n := said.get("skip_end"):
        shown = ",".join(tail[-n])[:40]
        doubts.append(f"{_lines(n)} at the end, such as {shown!r}, are no rows: skipped")
    return doubts


def _plain(text: str) -> bool:
    return NUMBER.match(text.strip()) is not None


