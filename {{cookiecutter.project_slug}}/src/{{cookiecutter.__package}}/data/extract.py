"""A source into one typed Parquet file; what cannot be read goes into quarantine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract import told_apart
from ..errors import DataError
from .chunks import FILE, LINE, Chunk, Layout, ahead
from .convert import CATEGORY
from .hashes import Hashes, repeated_hashes, row_hashes
from .quarantine import QUARANTINED, Counts, table_of, tally
from .sources import Opened

ROW = "_source_row"
GROUP_ROWS = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A source's rows on disk, typed and numbered from 1."""

    path: Path
    """Parquet with ``_source_row``, ``_file``, ``_line`` and the declared columns."""
    columns: tuple[str, ...]
    """The declared columns, as SQL engines know them."""
    repeated: npt.NDArray[np.int64]
    """Rows that say in every column what an earlier one says."""
    counts: dict[str, Counts]
    """Of each file: rows in, accepted, rejected, duplicates."""
    reasons: Counts
    """How many rows were rejected or mended, and why."""

    @property
    def total(self) -> Counts:
        """Of all files together."""
        totals: Counts = {}
        for counts in self.counts.values():
            for key, value in counts.items():
                totals[key] = totals.get(key, 0) + value
        return totals

    @property
    def accepted(self) -> npt.NDArray[np.bool_]:
        """Which row numbers may go on; the number 0 is nobody's."""
        total = self.total
        found = np.ones(total["accepted"] + total["duplicates"] + 1, bool)
        found[self.repeated] = False
        found[0] = False
        return found

    def places(self, rows: npt.NDArray[np.int64]) -> pa.Table:
        """File and line of row numbers, which are in order."""
        parts, before = [], 0
        file = pq.ParquetFile(self.path, pre_buffer=False)
        for batch in file.iter_batches(GROUP_ROWS, columns=[FILE, LINE]):
            inside = rows[(rows > before) & (rows <= before + batch.num_rows)]
            parts.append(pa.Table.from_batches([batch]).take(pa.array(inside - before - 1)))
            before += batch.num_rows
        return pa.concat_tables(parts)


def extract(
    name: str,
    opened: Opened,
    scratch: Path,
    quarantine: Path,
    memory_limit: str,
    advance: Callable[[Path], None],
) -> Extraction:
    """Read every file of a source once.

    Raises:
        DataError: a file is damaged, or a value breaks a rule whose mode is fail.
    """
    path = scratch / f"{name}.parquet"
    counts: dict[str, Counts] = {}
    reasons: Counts = {}
    n_rows = 0
    with _staged(path, opened) as stage, _quarantine(quarantine / f"{name}.parquet") as keep:
        for file in opened.files:
            count = counts[str(file)] = {"in": 0, "accepted": 0, "rejected": 0, "duplicates": 0}
            for chunk, hashes in ahead(_hashed(opened, file)):
                stage(chunk, hashes, n_rows)
                keep(chunk)
                n_rows += chunk.rows.num_rows
                count["in"] += chunk.rows.num_rows + len(chunk.broken)
                count["accepted"] += chunk.rows.num_rows
                count["rejected"] += len(chunk.broken)
                for broken in (chunk.broken, chunk.nulled):
                    tally(reasons, pa.array([one.reasons for one in broken], pa.string()))
            advance(file)
    repeated = np.empty(0, np.int64)
    if opened.layout.drop:
        repeated = _repeated(path, n_rows, _known(opened.layout), scratch, memory_limit)
        _subtract(repeated, counts)
    return Extraction(
        path=path,
        columns=tuple(_known(opened.layout)[: len(opened.layout.types)]),
        repeated=repeated,
        counts=counts,
        reasons=reasons,
    )


def _hashed(opened: Opened, file: Path) -> Iterator[tuple[Chunk, Hashes | None]]:
    """The chunks of a file, whose name is in every error; hashes where repeated rows are dropped."""
    layout = opened.layout
    names = layout.schema.names
    try:
        for chunk in opened.chunks(file):
            yield chunk, row_hashes(chunk.rows.select(names)) if layout.drop else None
    except DataError as error:
        said = str(error)
        raise error if str(file) in said else DataError(f"'{file}': {said}") from None


@contextmanager
def _staged(path: Path, opened: Opened) -> Iterator[Callable[[Chunk, Hashes | None, int], None]]:
    """A Parquet file of rows, and a file of their hashes beside it."""
    names = [LINE, *opened.layout.schema.names]
    fields = zip(_known(opened.layout), opened.layout.schema.types, strict=True)
    schema = pa.schema([(ROW, pa.int64()), (FILE, CATEGORY), (LINE, pa.int64()), *fields])
    texts = [field.name for field in schema if field.type == CATEGORY]
    with (
        _hashes(path).open("wb") as beside,
        pq.ParquetWriter(
            path, schema, compression="none", use_dictionary=texts, write_statistics=False
        ) as writer,
    ):

        def write(chunk: Chunk, hashes: Hashes | None, n_before: int) -> None:
            n_rows = chunk.rows.num_rows
            numbers = pa.array(np.arange(n_before + 1, n_before + n_rows + 1))
            file = pa.DictionaryArray.from_arrays(
                np.zeros(n_rows, np.int32), pa.array([chunk.file])
            )
            columns = [numbers, file, *(chunk.rows[name] for name in names)]
            writer.write_table(pa.table(columns, schema=schema))
            if hashes is not None:
                beside.write(hashes.data)

        yield write


@contextmanager
def _quarantine(path: Path) -> Iterator[Callable[[Chunk], None]]:
    with pq.ParquetWriter(path, QUARANTINED, compression="zstd") as writer:

        def write(chunk: Chunk) -> None:
            if rows := [*chunk.broken, *chunk.nulled]:
                writer.write_table(table_of(chunk.file, rows))

        yield write


def _known(layout: Layout) -> list[str]:
    return list(told_apart(layout.schema.names).values())


def _subtract(repeated: npt.NDArray[np.int64], counts: dict[str, Counts]) -> None:
    """Count repeated rows as such; a file's numbers follow those of the file before."""
    first = 1
    for count in counts.values():
        behind = first + count["accepted"]
        begins, ends = np.searchsorted(repeated, [first, behind]).tolist()
        count["duplicates"] = ends - begins
        count["accepted"] -= ends - begins
        first = behind


def _hashes(path: Path) -> Path:
    """Where the hashes of a staged file's rows are."""
    return path.with_suffix(".hashes")


def _repeated(
    path: Path, n_rows: int, names: list[str], scratch: Path, memory_limit: str
) -> npt.NDArray[np.int64]:
    """Rows that repeat an earlier one in every column, in order.

    Exact within bounded memory: only rows whose hashes meet are compared value by value.
    """
    met = list(repeated_hashes(_hashes(path), n_rows))
    if not met:
        return np.empty(0, np.int64)
    columns = ", ".join(identifier(name) for name in names)
    query = f"""
        with candidates as (
          select {ROW}, row_number() over (partition by {columns} order by {ROW}) as place
          from read_parquet({text(str(path))}) where {ROW} in (from met)
        )
        select {ROW} from candidates where place > 1 order by {ROW}
        """
    settings = (("memory_limit", memory_limit), ("temp_directory", str(scratch / "spill")))
    try:
        with duckdb.connect() as engine:
            engine.execute("set enable_progress_bar = false")
            for setting, value in settings:
                engine.execute(f"set {setting} = {text(value)}")
            engine.register("met", pa.table({ROW: np.concatenate(met) + 1}))
            found: npt.NDArray[np.int64] = engine.sql(query).to_arrow_table()[ROW].to_numpy()
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise DataError(f"repeated rows cannot be found: {said}; raise data.memory_limit") from None
    return found


def identifier(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
