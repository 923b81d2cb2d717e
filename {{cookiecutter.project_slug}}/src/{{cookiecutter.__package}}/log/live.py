"""The server's log, read back: lines of JSON, and Parquet that holds such lines.

Parquet is what the option ``log_retention`` and version 0.1 make of segments. It names them, so that
a reader passes over those that are still there beside it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from .segments import PREDICTIONS, SHADOW, listed, opened

BLOCK_BYTES = 16 << 20
OUTPUTS = ("probability", "probabilities", "value")
SEGMENTS = b"segments"
"""Key of a Parquet file's metadata with the names of the segments that it holds."""
RECORD = "record"
"""Its column of lines."""
Record = dict[str, Any]


def read_blocks(folder: Path, stem: str) -> Iterator[list[bytes]]:
    """All lines, megabytes of them at once, oldest day first; a crash may have torn some.

    Each comes once, whether the log is being written to or compacted meanwhile.
    """
    for day in sorted({segment.day for segment in listed(folder, stem)}):
        with opened(folder, stem, day) as files:
            tables = [pq.ParquetFile(file) for segment, file in files if segment.compacted]
            done = {name for table in tables for name in absorbed(table)}
            for table in tables:
                yield from compacted_lines(table)
            for segment, file in files:
                if not segment.compacted and segment.path.name not in done:
                    while lines := file.readlines(BLOCK_BYTES):
                        yield lines


def absorbed(file: pq.ParquetFile) -> list[str]:
    """Names of the segments whose records a Parquet file holds."""
    names: list[str] = json.loads((file.schema_arrow.metadata or {}).get(SEGMENTS, b"[]"))
    return names


def compacted_lines(file: pq.ParquetFile) -> Iterator[list[bytes]]:
    """The lines of a Parquet file, a row group of them at once."""
    for group in range(file.num_row_groups):
        records = file.read_row_group(group, columns=[RECORD])[RECORD].to_pylist()
        yield [record.encode() + b"\n" for record in records]


def whole(line: bytes) -> Record | None:
    """The record of a line; none of one that is torn, or no object."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def rows_of(record: Record) -> list[Record] | None:
    """The rows of a record, also of 0.1's lists by column; none of one that does not answer rows."""
    rows, columns, outputs = record.get("rows"), record.get("columns"), outputs_of(record)
    if "rows" not in record and isinstance(columns, dict):
        lists = list(columns.values())
        if all(isinstance(values, list) for values in lists) and len(set(map(len, lists))) == 1:
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    return rows if outputs and len(outputs) == len(rows) and "request_id" in record else None


def outputs_of(record: Record) -> list[Any] | None:
    """What the task answered to each row; none of a record that holds no such list, or several."""
    outputs = [record[name] for name in OUTPUTS if name in record]
    return outputs[0] if len(outputs) == 1 and isinstance(outputs[0], list) else None


def read_lines(folder: Path, stem: str, holding: bytes = b"") -> Iterator[Record]:
    """Every whole record that holds a text, oldest day first; a torn line is passed over."""
    for lines in read_blocks(folder, stem):
        for line in lines:
            record = whole(line) if holding in line else None
            if record is not None:
                yield record


def read_rows(
    folder: Path, request_id: str | None = None, *, shadow: bool = False
) -> Iterator[Record]:
    """The rows that were answered, of one request or of all, each with what the request shares.

    A row has ``columns``, its place ``row`` in its request, and the task's output. ``shadow`` takes
    those instead that a version was asked for beside the one that answered.
    """
    holding = b"" if request_id is None else json.dumps(request_id).encode()
    for record in read_lines(folder, PREDICTIONS, holding):
        is_asked = request_id in (None, record.get("request_id"))
        rows = rows_of(record)
        if rows is not None and is_asked and (record.get("route") == SHADOW) == shadow:
            shared = {n: value for n, value in record.items() if n not in ("rows", "columns")}
            (output,) = (name for name in OUTPUTS if name in record)
            for place, (row, answer) in enumerate(zip(rows, record[output], strict=True)):
                yield {**shared, "row": place, "columns": row, output: answer}
