"""What runs the person's transform: typed Parquet files in, rows out, the same on either engine."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from ..config import DataConfig
from ..errors import DataError, MissingExtraError
from .extract import ROW, Extraction, identifier, text

BATCH_ROWS = 1 << 17
MOST_BITS = 10**9
"""Up to so many rows, DuckDB looks up the repeated ones: a join would not leave rows in order."""


class Engine(Protocol):
    """Runs Ibis expressions over staged sources."""

    def table(self, name: str, extraction: Extraction) -> ibis.Table:
        """A source's accepted rows: ``_source_row`` and the declared columns."""
        ...

    def batches(self, rows: ibis.Table) -> Iterator[pa.RecordBatch]:
        """The rows of an expression, within bounded memory."""
        ...


@contextmanager
def connect(config: DataConfig, scratch: Path, zone: str) -> Iterator[Engine]:
    """The engine that ``data.engine`` names; naive times are read in ``zone``.

    Raises:
        DataError: while it runs, that the transform gives values that no type can hold.
    """
    engine: Spark | DuckDB = (
        Spark(scratch, zone)
        if config.engine == "pyspark"
        else DuckDB(scratch, config.memory_limit, zone)
    )
    try:
        yield engine
    finally:
        engine.close()


class DuckDB:
    """One process, all cores, spilling to disk past the memory limit."""

    def __init__(self, scratch: Path, memory_limit: str, zone: str) -> None:
        self.backend = ibis.duckdb.connect(
            memory_limit=memory_limit, temp_directory=str(scratch / "spill")
        )
        self.backend.raw_sql(f"set timezone = '{zone}'")
        self.backend.raw_sql("set enable_progress_bar = false")

    def table(self, name: str, extraction: Extraction) -> ibis.Table:
        """A view of the file, without its repeated rows."""
        staged = self.backend.read_parquet(extraction.path, table_name=name)
        if not len(extraction.repeated):
            return _without(staged, extraction, None)
        dropped = self.backend.create_table(
            f"{name}.repeated", pa.table({ROW: extraction.repeated})
        )
        if len(extraction.accepted) > MOST_BITS:
            return _without(staged, extraction, dropped)
        return _without(self._looked_up(name, staged, len(extraction.accepted)), extraction, None)

    def batches(self, rows: ibis.Table) -> Iterator[pa.RecordBatch]:
        """Batches in the engine's order, which is the source's unless the transform changed it."""
        try:
            yield from self.backend.to_pyarrow_batches(rows, chunk_size=BATCH_ROWS)
        except duckdb.Error as error:
            raise DataError(f"the transform cannot be run: {error}") from None

    def close(self) -> None:
        """Let go of the memory."""
        self.backend.disconnect()

    def _looked_up(self, name: str, staged: ibis.Table, n_bits: int) -> ibis.Table:
        """Rows that are not repeated ones, by a bit for each row, which leaves them in order."""
        place, table = text(f"{name}.repeated"), identifier(f"{name}.repeated")
        bits = f"select bitstring_agg({ROW}, 0::bigint, {n_bits - 1}::bigint) from {table}"
        self.backend.raw_sql(f"set variable {table} = ({bits})")
        query = (
            f"select * from {identifier(name)} where get_bit(getvariable({place}), {ROW}::int) = 0"
        )
        return self.backend.sql(query, schema=staged.schema())


class Spark:
    """A Spark session: on this machine's loopback, or the cluster that ``SPARK_CONF_DIR`` describes.

    A cluster must see ``data.directory`` under the same path.
    """

    def __init__(self, scratch: Path, zone: str) -> None:
        try:
            from pyspark.sql import SparkSession
        except ModuleNotFoundError:
            raise MissingExtraError("pyspark", "pyspark") from None
        from pyspark.errors import PySparkException

        self.error = PySparkException
        builder: Any = SparkSession.builder
        builder = (
            builder.appName("data")
            .config("spark.sql.session.timeZone", zone)
            .config("spark.sql.ansi.enabled", "true")
            .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
            .config("spark.ui.enabled", "false")
        )
        if "SPARK_CONF_DIR" not in os.environ:
            builder = (
                builder.master("local[*]")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.local.dir", str(scratch / "spill"))
            )
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")
        self.backend = ibis.pyspark.connect(self.session)
        self.scratch = scratch

    def table(self, name: str, extraction: Extraction) -> ibis.Table:
        """A view of the file, without its repeated rows."""
        staged = self.backend.read_parquet(str(extraction.path.absolute()), table_name=name)
        dropped = None
        if len(extraction.repeated):
            path = self.scratch / f"{name}.repeated.parquet"
            pq.write_table(pa.table({ROW: extraction.repeated}), path)
            dropped = self.backend.read_parquet(str(path.absolute()))
        return _without(staged, extraction, dropped)

    def batches(self, rows: ibis.Table) -> Iterator[pa.RecordBatch]:
        """Batches in the source's order, of files that Spark writes first."""
        folder = Path(tempfile.mkdtemp(dir=self.scratch)) / "rows"
        try:
            self.backend.to_parquet_dir(rows.order_by(ROW), str(folder.absolute()))
        except self.error as error:
            raise DataError(f"the transform cannot be run: {error}") from None
        for path in sorted(folder.glob("part-*.parquet")):
            yield from pq.ParquetFile(path, pre_buffer=False).iter_batches(BATCH_ROWS)

    def close(self) -> None:
        """End the session."""
        self.session.stop()


def _without(staged: ibis.Table, extraction: Extraction, dropped: ibis.Table | None) -> ibis.Table:
    rows = staged.select(ROW, *extraction.columns)
    return rows if dropped is None else rows.anti_join(dropped, ROW)
