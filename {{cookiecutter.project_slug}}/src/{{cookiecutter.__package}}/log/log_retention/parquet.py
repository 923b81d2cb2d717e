"""Lines of segments, written as Parquet: each as it is, and beside it what one searches by."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..live import SEGMENTS

FIELDS = ("request_id", "time", "model", "version", "route")
SCHEMA = pa.schema(
    [
        ("request_id", pa.string()),
        ("time", pa.timestamp("us", "UTC")),
        ("model", pa.string()),
        ("version", pa.int64()),
        ("route", pa.string()),
        ("record", pa.string()),
    ]
)
REPEATED = ["model", "version", "route"]
PART_BYTES = 8 << 20
"""Text of a row group; as much is held in memory."""


def write(path: Path, lines: Iterable[bytes], segments: Sequence[str]) -> int:
    """Write whole lines, and the names of the segments that they are from; return how many."""
    schema, count = SCHEMA.with_metadata({SEGMENTS: json.dumps(list(segments))}), 0
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=REPEATED, write_statistics=[*FIELDS]
    ) as writer:
        for part in _parts(lines):
            writer.write_table(pa.Table.from_pylist([_row(line) for line in part], schema))
            count += len(part)
    return count


def _parts(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _row(line: bytes) -> dict[str, Any]:
    """What one searches by, as far as it is of its type, and the line as it is."""
    record = json.loads(line)
    texts = {name: _text(record.get(name)) for name in ("request_id", "model", "route")}
    version = record.get("version")
    known = version if isinstance(version, int) and abs(version) < 1 << 63 else None
    time = _time(record.get("time"))
    return {**texts, "version": known, "time": time, "record": line.decode().rstrip("\n")}


def _text(value: Any) -> str | None:
    return value.encode(errors="replace").decode() if isinstance(value, str) else None


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
