"""Files to records: what every kind of source gives, and the kinds Parquet and JSON Lines."""

import codecs
import glob
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import JsonlSource, TableSource
from ..errors import DataError

BLOCK_BYTES, BATCH_ROWS, BATCH_CELLS = 4 << 20, 1 << 16, 1 << 20
GZIP, EXCEL = b"\x1f\x8b", (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
UNDECODED = "\ufffd"
Broken = tuple[int, str, str]
"""A record that is no row: its number in the file, from 1, the reason, and how it stands there."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """Some records of a file, in order; a file yields at least one batch, even if it is empty."""

    values: pl.DataFrame
    """Texts by the file's own names; Parquet's are of its types."""
    not_text: pl.Series | None = None
    """Which rows have bytes that are no text."""
    broken: Sequence[Broken] = ()
    """Records that are no rows, which no later batch has again."""


def matching(pattern: str) -> list[Path]:
    """The file of this name or, where there is none, the files that the pattern matches, sorted."""
    if Path(pattern).is_file():
        return [Path(pattern)]
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path's takes hidden files too
    if files := sorted({Path(name) for name in names if Path(name).is_file()}):
        return files
    raise DataError(f"source file '{pattern}' does not exist; put it there or name another")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn a failure to read a file into a message about the file."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = f"is a damaged or cut off gzip file: {error}; fetch it again"
        raise DataError(f"'{path}' {message}") from None
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror or error}") from None


class Decoded(io.RawIOBase):
    """A file's bytes as UTF-8, unpacked; what is not in its encoding becomes U+FFFD."""

    def __init__(self, path: Path, encoding: str, quote: str | None = None) -> None:
        self.plain = path.open("rb")
        self.head = self.plain.peek(4)[:4]
        if self.head in EXCEL:
            self.close()
            what_to_do = "save it as CSV, or add a reader: docs/howto/add-a-source.md"
            raise DataError(f"'{path}' is an Excel workbook or a zip file; {what_to_do}")
        packed = self.head[:2] == GZIP
        self.file: Any = gzip.GzipFile(fileobj=self.plain) if packed else self.plain
        marked = codecs.lookup(encoding).name == "utf-8"  # a byte order mark is no text
        self.decoder = codecs.getincrementaldecoder("utf-8-sig" if marked else encoding)("replace")
        self.quote = quote or ""
        self.odd = self.quotes = self.ended = False
        """Whether a character that is no text, or a quote, has gone by."""
        self.rest = b""

    def readable(self) -> bool:
        """Whether bytes can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there are bytes."""
        while not (self.rest or self.ended):
            block = self.file.read(1 << 17)  # small enough for a core's cache
            self.ended = not block
            text = self.decoder.decode(block, self.ended)
            self.odd |= UNDECODED in text or "\0" in text
            self.quotes |= self.quote in text
            self.rest = text.encode("utf-8", "replace")
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size

    def close(self) -> None:
        """Close the file."""
        self.plain.close()
        super().close()


def unique(path: Path, names: list[str]) -> list[str]:
    """The names, if none is there twice."""
    if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"'{path}' names {', '.join(map(repr, repeated))} more than once")
    return names


def rows_with(values: pl.DataFrame, pattern: str) -> pl.Series:
    """Whether a text of the row matches."""
    matches = pl.any_horizontal(pl.col(pl.String).str.contains(pattern))
    return values.select(pl.lit(False) | matches.fill_null(False)).to_series()


def parquet(
    path: Path, source: TableSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """The rows of a Parquet file; of its columns only those named."""
    with readable(path):
        try:
            file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
            schema = file.schema_arrow
            names = [n for n in unique(path, schema.names) if columns is None or n in columns]
            yield _of_arrow(schema.empty_table().select(names))
            size = max(1, min(BATCH_ROWS, BATCH_CELLS // max(len(names), 1)))
            yield from map(_of_arrow, file.iter_batches(size, columns=names))
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"'{path}' cannot be read as Parquet: {reason}") from None


def _of_arrow(table: pa.Table | pa.RecordBatch) -> Records:
    """Columns of bytes become texts."""
    values = pl.DataFrame(pl.from_arrow(table))
    values = values.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    decode = partial(bytes.decode, errors="replace")
    decoded = values.select(pl.col(pl.Binary).map_elements(decode, pl.String))
    not_text = rows_with(decoded, UNDECODED) if decoded.width else None
    return Records(values=values.with_columns(decoded), not_text=not_text)


def jsonl(
    path: Path, source: JsonlSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """An object a line; of its keys only the columns named."""
    names, first = dict.fromkeys(columns or ()), 1
    with readable(path), Decoded(path, "utf-8") as raw, io.BufferedReader(raw, 1 << 16) as stream:
        for lines in chain(iter(lambda: stream.readlines(BLOCK_BYTES), []), [[]]):
            rows, broken = list[dict[str, str | None]](), list[Broken]()
            for number, line in enumerate(filter(bytes.strip, lines), first):
                if (row := _object(line)) is None:
                    broken.append((number, "is no JSON object", line.decode().strip()))
                else:
                    rows.append(row)
            first += len(rows) + len(broken)
            if columns is None:
                names |= dict.fromkeys(key for row in rows for key in row)
            cells = {name: [row.get(name) for row in rows] for name in names}
            values = pl.DataFrame(cells, dict.fromkeys(names, pl.String))
            not_text = rows_with(values, UNDECODED) if raw.odd else None
            yield Records(values=values, not_text=not_text, broken=broken)


def _object(line: bytes) -> dict[str, str | None] | None:
    """The texts of an object, as a CSV file would hold them; ``None`` where the line is none."""

    def constant(text: str) -> str | None:
        return None if text == "NaN" else text

    try:
        row = json.loads(line, parse_float=str, parse_int=str, parse_constant=constant)
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    return {
        key: one if one is None or isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        for key, one in row.items()
    }
