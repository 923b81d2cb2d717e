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
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import JsonlSource, TableSource
from ..errors import DataError

BLOCK_BYTES, BATCH_ROWS, BATCH_CELLS = 4 << 20, 1 << 16, 1 << 20
GZIP = b"\x1f\x8b"
UNDECODED, NOT_TEXT = "\ufffd", "is not in the source's encoding, or holds NUL"
Numbers = npt.NDArray[np.int64]


class Rejected(NamedTuple):
    """A record that may not go on."""

    record: int
    """Its number in the file, from 1."""
    reasons: str
    text: str | None
    """As it stood, or its values as JSON; ``None`` where personal values cannot be masked."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """Some records of a file, in order; a file yields at least one batch, even if it is empty."""

    values: pl.DataFrame
    """Texts by the file's own names; Parquet's are of its types."""
    numbers: Numbers
    """Of each row: which record of the file it is, from 1."""
    not_text: pl.Series | None = None
    """Which rows have bytes that are no text."""
    broken: Sequence[Rejected] = ()
    """Records that are no rows."""


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
        packed = self.plain.peek(2)[:2] == GZIP
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
            names = unique(path, file.schema_arrow.names)
            names = [name for name in names if columns is None or name in columns]
            yield _of_arrow(file.schema_arrow.empty_table().select(names), first=1)
            size, first = max(1, min(BATCH_ROWS, BATCH_CELLS // max(len(names), 1))), 1
            for batch in file.iter_batches(size, columns=names):
                yield _of_arrow(pa.Table.from_batches([batch]), first)
                first += batch.num_rows
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"'{path}' cannot be read as Parquet: {reason}") from None


def _of_arrow(table: pa.Table, first: int) -> Records:
    """Columns of bytes become texts."""
    values = pl.DataFrame(pl.from_arrow(table))
    values = values.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    decoded = [
        pl.Series(
            column.name,
            [None if cell is None else cell.decode("utf-8", "replace") for cell in column],
            pl.String,
        )
        for column in values.select(pl.col(pl.Binary))
    ]
    return Records(
        values=values.with_columns(decoded),
        numbers=np.arange(first, first + len(values)),
        not_text=rows_with(pl.DataFrame(decoded), UNDECODED) if decoded else None,
    )


def jsonl(
    path: Path, source: JsonlSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """An object a line; of its keys only the columns named."""
    first = 1
    with readable(path), Decoded(path, "utf-8") as raw, io.BufferedReader(raw, 1 << 16) as stream:
        while (lines := stream.readlines(BLOCK_BYTES)) or first == 1:
            rows: dict[int, dict[str, str | None]] = {}
            broken = []
            for number, line in enumerate(lines, first):
                if (row := _object(line)) is not None:
                    rows[number] = row
                elif text := line.decode().strip():
                    broken.append(Rejected(number, "is no JSON object", text))
            names = columns or dict.fromkeys(key for row in rows.values() for key in row)
            cells = {name: [row.get(name) for row in rows.values()] for name in names}
            values = pl.DataFrame(cells, dict.fromkeys(names, pl.String))
            not_text = rows_with(values, UNDECODED) if raw.odd else None
            numbers = np.array([*rows], np.int64)
            yield Records(values=values, numbers=numbers, not_text=not_text, broken=broken)
            first += max(len(lines), 1)


def _object(line: bytes) -> dict[str, str | None] | None:
    """The texts of an object, as a CSV file would hold them; ``None`` where the line is none."""
    nan = {"NaN": None}
    try:
        value = json.loads(
            line, parse_float=str, parse_int=str, parse_constant=lambda text: nan.get(text, text)
        )
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    return {
        key: one if one is None or isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        for key, one in value.items()
    }
