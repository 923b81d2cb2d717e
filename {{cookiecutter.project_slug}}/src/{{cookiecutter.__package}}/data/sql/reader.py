"""A database's rows as Parquet of texts: extraction happens once, and what was read stays."""

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..atomic import new_file, point
from ..contract import SqlSource
from ..errors import DataError
from .database import Row, address, as_text, connected, definition, read

Texts = tuple[str | None, ...]
WATERMARKS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "Decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def snapshot(
    name: str,
    source: SqlSource,
    columns: Iterable[str],
    directory: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Path]:
    """Read ``columns`` and the watermark into Parquet below ``directory``; the parts, in order.

    Without a watermark everything is read, into one part named by its content; with one, the rows
    that are new become one more part. Another definition starts anew. The caller sees to it that
    no other run is at work in ``directory``; ``advance`` is told the number of rows of each chunk.

    Raises:
        ConfigError: the address or the query cannot be used.
        DataError: the database, the table or a column is not there, or a value is no text.
        MissingExtraError: the database's driver is not installed.
    """
    url = address(name, source.sql)
    wanted = sorted({*columns} | ({source.watermark} if source.watermark else set()))
    folder = directory / "snapshots" / name / definition(url, source, wanted)
    for left in folder.glob(".*"):  # by a run that was killed
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    parts = _parts(folder) if source.watermark else []
    with (
        connected(name, url) as connection,
        closing(read(connection, name, source, wanted, _since(parts), advance)) as chunks,
    ):
        if source.watermark is None:
            return [_whole(folder, wanted, chunks)]
        return _grown(name, folder, wanted, chunks, parts, source.watermark)


def _whole(folder: Path, columns: list[str], chunks: Iterable[list[Row]]) -> Path:
    """Write everything into the part that its content names, and point at it."""
    with _draft(folder, columns) as draft:
        for rows in chunks:
            draft.add([tuple(map(as_text, columns, row)) for row in rows])
        part = draft.keep(folder)
    point(folder / "current", part.name)
    return part


def _grown(
    name: str,
    folder: Path,
    columns: list[str],
    chunks: Iterable[list[Row]],
    parts: list[Path],
    watermark: str,
) -> list[Path]:
    """Write what no part holds into one more part, whose one file also says where it ends."""
    place = columns.index(watermark)
    held = _held(parts, watermark, place)
    n_null, last = 0, None
    with _draft(folder, columns) as draft:
        for rows in chunks:
            texts = [tuple(map(as_text, columns, row)) for row in rows]
            n_null += sum(text[place] is None for text in texts)
            pairs = zip(texts, rows, strict=True)
            draft.add([text for text, row in pairs if not (row[-1] and held(text))])
            last = rows[-1][place]
        if n_null:
            raise DataError(
                f"source '{name}': the watermark '{watermark}' is NULL in {n_null:,} rows, which no"
                " later run would read; fill it, or leave those rows out in a query"
            )
        if parts and draft.n_rows == 0:
            return parts
        end = {} if last is None else {"watermark": _state(name, watermark, last)}
        return [*parts, draft.keep(folder, f"{len(parts) + 1:06}-", end)]


def _parts(folder: Path) -> list[Path]:
    """The parts of a source with a watermark, none of which may be gone."""
    parts = sorted(folder.glob("*.parquet"))
    if [part.name[:6] for part in parts] != [f"{n:06}" for n in range(1, len(parts) + 1)]:
        raise DataError(
            f"the parts in '{folder}' are not numbered 1, 2, 3 and so on:"
            f" {', '.join(part.name for part in parts)}; bring back the ones that were there, or"
            " delete the folder to read everything anew"
        )
    return parts


def _state(name: str, watermark: str, last: Any) -> str:
    kind = type(last).__name__
    if kind not in WATERMARKS or last != last:
        raise DataError(
            f"source '{name}': the watermark '{watermark}' is {last!r}, of type {kind}; it must be"
            " a number, text, date or time; name another column, or cast it in a query"
        )
    return json.dumps([kind, as_text(watermark, last)])


def _since(parts: list[Path]) -> Any:
    """The watermark at which the last part ends, of the type that the database gave it."""
    metadata = pq.read_metadata(parts[-1]).metadata if parts else {}
    if b"watermark" not in metadata:
        return None
    kind, text = json.loads(metadata[b"watermark"])
    return WATERMARKS[kind](text)


def _held(parts: list[Path], watermark: str, place: int) -> Callable[[Texts], bool]:
    """Whether the parts hold a row, answered with yes as often as they hold it."""

    @cache
    def rows_at(text: str) -> Counter[Texts]:
        """One look-up for each text: a database may hold 1.0 and 1.00, or 'a' and 'A', for one."""
        table = pq.read_table(parts, filters=pc.field(watermark) == text, partitioning=None)
        return Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def take(row: Texts) -> bool:
        left = rows_at(str(row[place]))
        left[row] -= 1
        return left[row] >= 0

    return take


class Draft:
    """A part that is being written."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        self.n_rows = 0
        self._path = path
        self._schema = pa.schema([(column, pa.string()) for column in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._hash = hashlib.sha256()

    def add(self, rows: list[Texts]) -> None:
        """Write rows; how they were cut into chunks does not change their hash."""
        if rows:
            self.n_rows += len(rows)
            self._hash.update(f"{json.dumps(rows)[1:-1]}, ".encode())
            cells = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
            self._writer.write_table(pa.table(cells, schema=self._schema))

    def keep(self, folder: Path, prefix: str = "", metadata: dict[str, str] | None = None) -> Path:
        """Put the part, whole, where ``prefix`` and its content say."""
        self._writer.add_key_value_metadata(metadata or {})
        self._writer.close()
        part = folder / f"{prefix}{self._hash.hexdigest()[:16]}.parquet"
        if not part.exists():
            with new_file(part) as staging:
                self._path.replace(staging)
        return part

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()


@contextmanager
def _draft(folder: Path, columns: list[str]) -> Iterator[Draft]:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".", dir=folder) as scratch,
        closing(Draft(Path(scratch) / "part", columns)) as draft,
    ):
        yield draft
