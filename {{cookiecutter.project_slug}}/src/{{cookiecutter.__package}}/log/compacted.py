"""Segments that are Parquet: each line as it was written, and beside it what one searches by.

A line stays text, since its columns are those of the contract of its time. So whatever reads lines
reads these as well, and gets the very same records.
"""

import json
from collections.abc import Iterator

import pyarrow.parquet as pq

SEGMENTS = b"segments"
"""Key of the metadata under which the names of the segments are that a file holds."""
RECORD = "record"
"""Column of the lines."""


def absorbed(file: pq.ParquetFile) -> list[str]:
    """Names of the segments whose records a file holds; these are to be passed over."""
    names: list[str] = json.loads((file.schema_arrow.metadata or {}).get(SEGMENTS, b"[]"))
    return names


def lines_of(file: pq.ParquetFile) -> Iterator[bytes]:
    """The lines of a file, without their ends."""
    for group in range(file.num_row_groups):
        for line in file.read_row_group(group, columns=[RECORD])[RECORD]:
            yield line.as_py().encode()
