"""Files to records: what every kind of source gives, and the kinds Parquet and JSON Lines."""

import codecs
import glob
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
OTHER_KEYS = "(other keys)"
Numbers = npt.NDArray[np.int64]
Broken = tuple[int, str, str]
"""Number, reason and text of a record that is no row."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """Some records of a file, in order; the first of a file are there even if they are none."""

    values: pl.DataFrame
    """Texts by the file's own names; Parquet's are of its types."""
    numbers: Numbers
    """Of each row: which record of the file it is, from 1."""
    not_text: pl.Series | None = None
    """Rows with bytes that are no text."""
    broken: tuple[Broken, ...] = ()

    def __len__(self) -> int:
        return len(self.values) + len(self.broken)

    def column(self, name: str) -> pl.Series:
        """Its values; null where the file has no such column."""
        found = self.values.get_column(name, default=None)
        return pl.Series(name, [None] * len(self.values), pl.String) if found is None else found


def matching(pattern: str) -> list[Path]:
    """The file of this name or, where there is none, the files that the pattern matches, sorted.

    Raises:
        DataError: there is none.
    """
    if Path(pattern).is_file():
        return [Path(pattern)]
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path's takes hidden files too
    files = sorted(path for path in map(Path, set(found)) if path.is_file())
    if not files:
        raise DataError(f"source file '{pattern}' does not exist; put it there or name another")
    return files


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """What goes wrong while a file is read, as what a person can mend."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"'{path}' is a damaged or cut off gzip file: {error}; fetch it again"
        ) from None
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror or error}") from None


class Decoded(io.RawIOBase):
    """A file's bytes as UTF-8, unpacked; what is not in its encoding becomes U+FFFD."""

    def __init__(self, path: Path, encoding: str, quote: str | None = None) -> None:
        self.plain = path.open("rb")
        packed = self.plain.peek(2)[:2] == GZIP
        self.file: Any = gzip.GzipFile(fileobj=self.plain) if packed else self.plain
        self.decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.ascii = _keeps_ascii(encoding)
        self.quote = (quote or "").encode()
        self.odd = self.quotes = self.begun = False
        """Whether a character that is no text, or a quote, may have gone by."""
        self.rest = b""

    def readable(self) -> bool:
        """Whether bytes can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there are bytes."""
        while not self.rest and (block := self.file.read(max(len(buffer), 1 << 16))):
            self.rest = self._decode(block)
        if not self.rest:
            self.rest = self._decode(b"", final=True)
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size

    def _decode(self, block: bytes, *, final: bool = False) -> bytes:
        if not (self.ascii and block.isascii() and not self.decoder.getstate()[0]):
            text = self.decoder.decode(block, final)
            self.odd |= UNDECODED in text
            block = text.encode("utf-8", "replace")
        if block and not self.begun:
            self.begun, block = True, block.removeprefix(codecs.BOM_UTF8)
        self.odd |= b"\0" in block
        self.quotes |= self.quote in block
        return block

    def close(self) -> None:
        """Close the file."""
        self.plain.close()
        super().close()


def _keeps_ascii(encoding: str) -> bool:
    every = bytes(range(128))
    try:
        return every.decode(encoding) == every.decode("ascii")
    except UnicodeError:
        return False


def unique(path: Path, names: list[str]) -> list[str]:
    """The names, if none is there twice.

    Raises:
        DataError: naming those that are.
    """
    if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"'{path}' names {', '.join(map(repr, repeated))} more than once")
    return names


def parquet(
    path: Path, source: TableSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """The rows of a Parquet file; of its columns only those named.

    Raises:
        DataError: it is damaged, or no Parquet.
    """
    with readable(path):
        try:
            file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
            names = unique(path, file.schema_arrow.names)
            wanted = [name for name in names if columns is None or name in columns]
            first = 1
            yield _of_arrow(file.schema_arrow.empty_table().select(wanted), first)
            size = max(1, min(BATCH_ROWS, BATCH_CELLS // max(len(wanted), 1)))
            for batch in file.iter_batches(size, columns=wanted):
                yield _of_arrow(pa.Table.from_batches([batch]), first)
                first += batch.num_rows
        except pa.ArrowException as error:
            said = str(error).splitlines()[0]
            raise DataError(f"'{path}' cannot be read as Parquet: {said}") from None


def _of_arrow(table: pa.Table, first: int) -> Records:
    nested = [f.name for f in table.schema if pa.types.is_nested(f.type)]
    for name in nested:
        texts = [None if value is None else repr(value) for value in table[name].to_pylist()]
        table = table.set_column(table.schema.names.index(name), name, pa.array(texts, pa.string()))
    values = pl.DataFrame(pl.from_arrow(table))
    packed = values.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    binary = packed.select(pl.col(pl.Binary))
    read = packed.with_columns(_decoded(values) for values in binary)
    lost = [values.is_not_null() & read[values.name].is_null() for values in binary]
    not_text = read.select(pl.any_horizontal(lost)).to_series() if lost else None
    numbers = np.arange(first, first + len(values))
    return Records(values=read, numbers=numbers, not_text=not_text)


def _decoded(values: pl.Series) -> pl.Series:
    """Bytes as text; null where they are none."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        texts = [None if one is None else one.decode("utf-8", "replace") for one in values]
        known = [None if text is None or UNDECODED in text else text for text in texts]
        return pl.Series(values.name, known, pl.String)


def jsonl(
    path: Path, source: JsonlSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """An object a line. Of its keys only the columns named, and the others together as one text.

    Raises:
        DataError: the file is damaged.
    """
    first = 1
    with readable(path), Decoded(path, "utf-8") as raw, io.BufferedReader(raw, 1 << 16) as stream:
        while (lines := stream.readlines(BLOCK_BYTES)) or first == 1:
            numbers, rows, broken = [], [], []
            for number, line in enumerate(lines, first):
                row = _object(line)
                if UNDECODED.encode() in line or (row is None and line.strip()):
                    reason = "is no JSON object" if row is None else NOT_TEXT
                    broken.append((number, reason, line.decode().strip()))
                elif row is not None:
                    numbers.append(number)
                    rows.append(row if columns is None else _gathered(row, columns))
            names = dict.fromkeys((*(columns or ()), *(name for row in rows for name in row)))
            values = {name: [row.get(name) for row in rows] for name in names}
            yield Records(
                values=pl.DataFrame(values, dict.fromkeys(names, pl.String)),
                numbers=np.array(numbers, np.int64),
                broken=tuple(broken),
            )
            first += max(len(lines), 1)


def _object(line: bytes) -> dict[str, str | None] | None:
    """The texts of an object, as a CSV file would hold them."""
    try:
        value = json.loads(line, parse_float=str, parse_int=str, parse_constant=_constant)
    except ValueError:
        return None
    return {key: _text(one) for key, one in value.items()} if isinstance(value, dict) else None


def _constant(text: str) -> str | None:
    return None if text == "NaN" else text


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _gathered(row: dict[str, str | None], columns: Collection[str]) -> dict[str, str | None]:
    others = {key: value for key, value in row.items() if key not in columns}
    named = {key: value for key, value in row.items() if key in columns}
    return named | {OTHER_KEYS: json.dumps(others, sort_keys=True) if others else None}
