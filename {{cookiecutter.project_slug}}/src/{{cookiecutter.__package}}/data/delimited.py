"""Delimited text to typed rows.

Most runs of records are typed as they are parsed. A column in which anything is not plainly of its
type is parsed as texts, which ``convert`` judges one by one.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from ..contract import ColumnType, CsvSource
from ..errors import DataError
from ..values import SPACES
from . import formats
from .chunks import LINE, MASK, OTHER, Chunk, Layout, unread
from .convert import ARROW_TYPES, FALSE, TRUE, from_text, one_array, plainly, settle
from .fields import join, split
from .files import Readable, opened
from .records import Broken, Records, records

WORKERS = 2
FIRST_BYTES = 1 << 16
AS_THEY_ARE = frozenset({"category", "string"})
Ragged = dict[int, int]
Types = Mapping[str, pa.DataType]


def header(path: Path, source: CsvSource) -> list[str]:
    """The names in a file's first record, without spaces around them if they still differ.

    A column without one is named by its place.

    Raises:
        DataError: the file is not there, is empty, is not in its encoding or repeats a name.
    """
    with opened(path, source.encoding) as file:
        run = next(_runs(file, source, FIRST_BYTES), None)
    if run is None:
        raise DataError(f"'{path}' is empty; its first line must name the columns")
    if run.broken and (not len(run) or run.broken[0].line < run.lines[0]):
        raise DataError(
            f"the first line of '{path}' {run.broken[0].reasons}. It must name the columns:"
            " mend it, or set the source's encoding, delimiter and quote"
        )
    found = enumerate(_fields(run.raw(0), source), start=1)
    names = [name if name.strip(SPACES) else f"(column {place})" for place, name in found]
    stripped = [name.strip(SPACES) for name in names]
    names = stripped if len(set(stripped)) == len(names) else names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"'{path}' names {', '.join(map(repr, repeated))} more than once")
    return names


def chunks(
    path: Path, source: CsvSource, names: list[str], layout: Layout, *, after: int = 0
) -> Iterator[Chunk]:
    """A file's rows in order; several runs of records are parsed at once.

    What begins at the line ``after`` or before is left out.

    Raises:
        DataError: the file is damaged, or a value breaks a rule whose mode is fail.
    """
    reader = _Reader(str(path), source, names, layout)
    pending: deque[Future[Chunk]] = deque()
    with opened(path, source.encoding) as file, ThreadPoolExecutor(WORKERS) as workers:
        for place, run in enumerate(_runs(file, source)):
            if run.last <= after:
                continue
            pending.append(workers.submit(reader.read, run if place else run.without_first()))
            if len(pending) > WORKERS:
                yield pending.popleft().result().behind(after)
        while pending:
            yield pending.popleft().result().behind(after)


def _runs(file: Readable, source: CsvSource, size: int | None = None) -> Iterator[Records]:
    """Runs that hold more than blank lines."""
    runs = records(file, source.delimiter, source.quote, source.encoding, size)
    return (run for run in runs if len(run) or run.broken)


class _Reader:
    """Types the records of one file."""

    def __init__(self, file: str, source: CsvSource, names: list[str], layout: Layout) -> None:
        self.file, self.source, self.layout, self.names = file, source, layout, names
        ours = dict(zip(layout.others, layout.other_names, strict=True))
        self.columns = [
            name if name in layout.types else ours.get(name, f"{OTHER}unread_{place}")
            for place, name in enumerate(names)
        ]
        self.types: Types = {
            name: pa.string() if name in layout.formats else ARROW_TYPES[kind]
            for name, kind in layout.types.items()
        }
        """As what to parse each column, by the runs before; a guess that only decides the speed."""
        self.texts: Types = {
            name: type_ if layout.types[name] in AS_THEY_ARE else pa.string()
            for name, type_ in self.types.items()
        }

    def read(self, run: Records) -> Chunk:
        """The rows of a run; every record is a row, or among the broken ones."""
        given, rows, ragged = self._typed(run)
        kept = np.delete(np.arange(len(run)), list(ragged))
        if rows.num_rows != len(kept):
            raise DataError(f"'{self.file}': {len(kept)} records were read as {rows.num_rows} rows")
        lines = run.lines[kept]
        found = unread(self.layout, given, rows, lines)
        rows = rows.append_column(LINE, pa.array(lines, pa.int64()))
        broken = [
            *self._withheld(run.broken),
            *self._withheld([self._ragged(run, at, n) for at, n in ragged.items()]),
            *self._told(run, kept, found.rejected),
        ]
        broken.sort(key=lambda one: one.line)
        return Chunk(
            file=self.file,
            rows=(rows if found.rejected is None else rows.filter(pc.is_null(found.rejected))),
            broken=broken,
            nulled=self._told(run, kept, found.nulled),
        )

    def _typed(self, run: Records) -> tuple[pa.Table, pa.Table, Ragged]:
        """What was parsed, the same as the layout's types, and the ragged records."""
        try:
            given, ragged = self._parsed(run, self._safe(run, self.types))
        except pa.ArrowInvalid:
            given, ragged = self._parsed(run, self.texts)
        columns = [
            self._column(name, kind, one_array(given[name]))
            for name, kind in self.layout.types.items()
        ]
        columns += [given[name] for name in self.layout.other_names]
        return given, pa.table(columns, schema=self.layout.schema), ragged

    def _safe(self, run: Records, types: Types) -> Types:
        """Arrow would read hexadecimal numbers as integers."""
        whole = pa.int64() in types.values()
        return self.texts if whole and _hexadecimal(run.content, self.source.delimiter) else types

    def _column(self, name: str, kind: ColumnType, given: pa.Array) -> pa.Array:
        zone, plain = self.layout.zone, given
        if name in self.layout.formats:
            return formats.read(given, self.layout.formats[name], zone)
        if given.type == pa.string() and kind not in AS_THEY_ARE:
            plain = plainly(given, kind)
            self.types = {**self.types, name: pa.string() if plain is None else plain.type}
        return from_text(given, kind, zone) if plain is None else settle(plain, kind, zone)

    def _parsed(self, run: Records, types: Types) -> tuple[pa.Table, Ragged]:
        """Rows of ``types``; and which records have another number of fields than the header."""
        ragged: Ragged = {}

        def skip(row: pacsv.InvalidRow) -> str:
            ragged[row.number - 1] = row.actual_columns
            return "skip"

        types = {**types, **dict.fromkeys(self.layout.other_names, pa.string())}
        content = run.content
        if not len(run):
            return (pa.table({name: pa.array([], type_) for name, type_ in types.items()}), ragged)
        if self.source.encoding == "latin-1" and not content.isascii():
            content = content.decode("latin-1").encode()
        quoted = self.source.quote is not None and self.source.quote.encode() in content
        rows = pacsv.read_csv(
            pa.py_buffer(content),
            pacsv.ReadOptions(
                use_threads=False, column_names=self.columns, block_size=len(content) + 1
            ),
            pacsv.ParseOptions(
                delimiter=self.source.delimiter,
                quote_char=self.source.quote or False,
                newlines_in_values=quoted,
                invalid_row_handler=skip,
            ),
            pacsv.ConvertOptions(
                column_types=types,
                null_values=list(self.source.missing),
                strings_can_be_null=True,
                true_values=TRUE,
                false_values=FALSE,
                timestamp_parsers=[pacsv.ISO8601],
                include_columns=list(types),
                include_missing_columns=True,
            ),
        )
        return rows, ragged

    def _ragged(self, run: Records, at: int, n_fields: int) -> Broken:
        found = "1 field" if n_fields == 1 else f"{n_fields} fields"
        reasons = f"{found}, and the header has {len(self.names)}"
        return Broken(line=int(run.lines[at]), reasons=reasons, raw=run.raw(at))

    def _withheld(self, broken: list[Broken]) -> list[Broken]:
        """Without bytes if there are personal values: in what is no row, they cannot be told."""
        if not self.layout.personal:
            return broken
        return [Broken(line=one.line, reasons=one.reasons, raw=None) for one in broken]

    def _told(
        self, run: Records, kept: npt.NDArray[np.int64], reasons: pa.Array | None
    ) -> list[Broken]:
        if reasons is None:
            return []
        wrong = np.flatnonzero(pc.is_valid(reasons).to_numpy(zero_copy_only=False))
        told = zip(reasons.drop_null().to_pylist(), kept[wrong].tolist(), strict=True)
        return [
            Broken(line=int(run.lines[at]), reasons=reason, raw=self._shown(run.raw(at)))
            for reason, at in told
        ]

    def _shown(self, raw: bytes) -> bytes:
        """A row's bytes with its personal values masked."""
        if not self.layout.personal:
            return raw
        fields = zip(self.names, _fields(raw, self.source), strict=True)
        shown = [MASK if name in self.layout.personal else field for name, field in fields]
        record = join(shown, self.source.delimiter, self.source.quote)
        return record.encode(_encoding(self.source))


def _fields(raw: bytes, source: CsvSource) -> list[str]:
    return split(raw.decode(_encoding(source)), source.delimiter, source.quote)


def _encoding(source: CsvSource) -> str:
    """That of a record's bytes: other encodings were made UTF-8."""
    return "latin-1" if source.encoding == "latin-1" else "utf-8"


def _hexadecimal(content: bytes, delimiter: str) -> bool:
    """Whether a field may begin with 0x: no letter or digit of the same field stands before it."""
    characters = np.frombuffer(content, np.uint8)
    for letter in (letter for letter in b"xX" if letter in content):
        letters = np.flatnonzero(characters == letter)
        zeros = letters[characters[letters - 1] == ord("0")] - 1
        before = (content[place - 1 : place] for place in zeros.tolist())
        if any(one == delimiter.encode() or not one.isalnum() for one in before):
            return True
    return False
