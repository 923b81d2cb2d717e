"""The server's log, read back record by record, from lines and from Parquet."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from .compacted import RECORD, absorbed, lines_of
from .segments import PREDICTIONS, SHADOW, Segment, listed, opened

BLOCK_BYTES = 16 << 20
OUTPUTS = ("probability", "probabilities", "value")


def read_lines(folder: Path, stem: str, holding: bytes = b"") -> Iterator[dict[str, Any]]:
    """Every whole record that holds a text, oldest day first; a line that a crash tore is passed over.

    Each comes once, whether the log is being written to or compacted meanwhile.
    """
    for day in sorted({segment.day for segment in listed(folder, stem)}):
        with opened(folder, stem, day) as files:
            for line in _lines(files):
                record = whole(line) if holding in line else None
                if record is not None:
                    yield record


def whole(line: bytes) -> dict[str, Any] | None:
    """The record of a line; none of one that is torn, or no object."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def read_rows(
    folder: Path, request_id: str | None = None, *, shadow: bool = False
) -> Iterator[dict[str, Any]]:
    """The rows that were answered, of one request or of all, each with what the request shares.

    A row has ``columns``, its place ``row`` in its request, and the task's output. ``shadow`` takes
    those instead that a version was asked for beside the one that answered.
    """
    holding = b"" if request_id is None else json.dumps(request_id).encode()
    for record in read_lines(folder, PREDICTIONS, holding):
        known = request_id in (None, record.get("request_id"))
        if known and (record.get("route") == SHADOW) == shadow and is_answer(record):
            yield from _rows(record)


def is_answer(record: dict[str, Any]) -> bool:
    """Whether a record has a request's id, its rows, and a prediction for each."""
    outputs = [record[name] for name in OUTPUTS if name in record]
    if len(outputs) != 1 or not isinstance(outputs[0], list):
        return False
    rows, columns, n_rows = record.get("rows"), record.get("columns"), len(outputs[0])
    if "rows" in record:
        whole_rows = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
        return whole_rows and len(rows or ()) == n_rows and "request_id" in record
    lists = columns.values() if isinstance(columns, dict) else [None]
    whole_columns = all(isinstance(values, list) and len(values) == n_rows for values in lists)
    return whole_columns and "request_id" in record


def output_of(record: dict[str, Any]) -> str:
    """The name of what the task answered, of a record that is an answer."""
    (output,) = (name for name in OUTPUTS if name in record)
    return output


def read_blocks(folder: Path, stem: str, day: date) -> Iterator[bytes]:
    """The lines of a day, megabytes of them at once; the last of a segment may be torn.

    They are all that the day held at one moment, whether it is written to or compacted meanwhile.
    """
    with opened(folder, stem, day) as files:
        tables, plain = _told_apart(files)
        for table in tables:
            for group in range(table.num_row_groups):
                records = table.read_row_group(group, columns=[RECORD])[RECORD]
                yield "\n".join(records.to_pylist()).encode()
        for file in plain:
            while block := file.read(BLOCK_BYTES):
                yield block + file.readline()


def _lines(files: list[tuple[Segment, BinaryIO]]) -> Iterator[bytes]:
    tables, plain = _told_apart(files)
    for table in tables:
        yield from lines_of(table)
    for file in plain:
        yield from file


def _told_apart(
    files: list[tuple[Segment, BinaryIO]],
) -> tuple[list[pq.ParquetFile], list[BinaryIO]]:
    """Compacted segments, and the others that they do not hold already."""
    tables = [pq.ParquetFile(file) for segment, file in files if segment.compacted]
    held = {name for table in tables for name in absorbed(table)}
    plain = [f for s, f in files if not s.compacted and s.path.name not in held]
    return tables, plain


def _rows(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    output = output_of(record)
    given = ("rows", "columns", output)
    shared = {name: value for name, value in record.items() if name not in given}
    if "rows" in record:
        rows = record["rows"]
    else:
        names = tuple(record["columns"])
        lists = record["columns"].values()
        rows = [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]
    for place, (row, answer) in enumerate(zip(rows, record[output], strict=True)):
        yield {**shared, "row": place, "columns": row, output: answer}
