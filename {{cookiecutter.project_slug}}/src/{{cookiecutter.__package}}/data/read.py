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
OTHER_KEYS = "(other keys)"
KEEP_ASCII = {"utf-8", "ascii", "cp1252", "iso8859-1", "iso8859-15"}
"""Encodings in which the bytes below 128 are ASCII; others work too, at half the speed."""
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
    """Rows with bytes that are no text."""
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
        self.decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.ascii = codecs.lookup(encoding).name in KEEP_ASCII
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
        self.rest = self.rest or self._decode(b"", final=True)
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


def unique(path: Path, names: list[str]) -> list[str]:
    """The names, if none is there twice."""
    if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"'{path}' names {', '.join(map(repr, repeated))} more than once")
    return names


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
    for place, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            cells = [None if one is None else repr(one) for one in table[place].to_pylist()]
            table = table.set_column(place, field.name, pa.array(cells, pa.string()))
    values = pl.DataFrame(pl.from_arrow(table))
    values = values.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    texts = [_as_text(one) for one in values.select(pl.col(pl.Binary))]
    lost = [values[text.name].is_not_null() & text.is_null() for text in texts]
    return Records(
        values=values.with_columns(texts),
        numbers=np.arange(first, first + len(values)),
        not_text=pl.select(pl.any_horizontal(lost)).to_series() if lost else None,
    )


def _as_text(values: pl.Series) -> pl.Series:
    """Bytes as text; null where they are none."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        texts = [None if one is None else one.decode("utf-8", "replace") for one in values]
        texts = [None if text is None or UNDECODED in text else text for text in texts]
        return pl.Series(values.name, texts, pl.String)


def jsonl(
    path: Path, source: JsonlSource, columns: Collection[str] | None = None
) -> Iterator[Records]:
    """An object a line. Of its keys only the columns named, and the others together as one text."""
    first = 1
    with readable(path), Decoded(path, "utf-8") as raw, io.BufferedReader(raw, 1 << 16) as stream:
        while (lines := stream.readlines(BLOCK_BYTES)) or first == 1:
            rows: dict[int, dict[str, str | None]] = {}
            broken = []
            for number, line in enumerate(lines, first):
                row = _object(line, columns)
                if UNDECODED.encode() in line or (row is None and line.strip()):
                    reason = "is no JSON object" if row is None else NOT_TEXT
                    broken.append(Rejected(number, reason, line.decode().strip()))
                elif row is not None:
                    rows[number] = row
            names = dict.fromkeys(
                [*(columns or ()), *(key for row in rows.values() for key in row)]
            )
            values = {name: [row.get(name) for row in rows.values()] for name in names}
            yield Records(
                values=pl.DataFrame(values, dict.fromkeys(names, pl.String)),
                numbers=np.array([*rows], np.int64),
                broken=broken,
            )
            first += max(len(lines), 1)


def _object(line: bytes, columns: Collection[str] | None) -> dict[str, str | None] | None:
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
    others = {key: value.pop(key) for key in [*value] if columns and key not in columns}
    texts = value | ({OTHER_KEYS: others} if others else {})
    return {
        key: one if one is None or isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        for key, one in texts.items()
    }
