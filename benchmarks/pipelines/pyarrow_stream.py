"""pyarrow: a streamed CSV, batch by batch into Parquet. It guesses types and checks nothing."""

from pathlib import Path

import pyarrow.parquet as pq
from pyarrow import csv


def convert(source: Path, folder: Path) -> None:
    """One CSV to one Parquet file."""
    missing = csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    blocks = csv.ReadOptions(block_size=8 << 20)  # its default of 1 MB makes tiny row groups
    with (
        csv.open_csv(source, read_options=blocks, convert_options=missing) as rows,
        pq.ParquetWriter(folder / "rows.parquet", rows.schema) as writer,
    ):
        for batch in rows:
            writer.write_batch(batch)


def counts(folder: Path) -> dict[str, int]:
    """Rows written."""
    return {"rows": pq.read_metadata(folder / "rows.parquet").num_rows}
