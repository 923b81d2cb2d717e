"""Files of the prediction log: a line of JSON for each record, a file for each day and process.

A file is ``<stem>-<day>-<process>.jsonl``, or the same name with ``.gz`` once it was compacted.
"""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

PREDICTIONS, LABELS = "predictions", "labels"
SHADOW = "shadow"
"""Route of a prediction that answered nobody."""
OUTPUTS = ("probability", "probabilities", "value")
NAME = re.compile(r"[a-z]+-\d{4}-\d\d-\d\d-\d+\.jsonl(\.gz)?")
MODE = 0o640
BLOCK_BYTES = 16 << 20
Record = dict[str, Any]


def files_of(folder: Path, stem: str) -> list[Path]:
    """The files of a stem, oldest day first; none where there is no folder.

    Between the two steps of compacting a file both forms are there: then the compacted one counts.
    """
    paths = sorted(path for path in folder.glob(f"{stem}-*") if NAME.fullmatch(path.name))
    return [path for path in paths if path.suffix == ".gz" or compacted(path) not in paths]


def compacted(path: Path) -> Path:
    """The name that a file of lines has once it was compacted."""
    return path.with_name(f"{path.name}.gz")


def day_of(path: Path) -> date:
    """The day, in UTC, on which the records of a file were written."""
    return date.fromisoformat("-".join(path.name.split("-")[1:4]))


def open_file(path: Path) -> BinaryIO | gzip.GzipFile:
    """A file's lines, also where it was compacted a moment ago."""
    if path.suffix != ".gz":
        try:
            return path.open("rb")
        except FileNotFoundError:
            path = compacted(path)
    return gzip.open(path)


def read_blocks(folder: Path, stem: str) -> Iterator[list[bytes]]:
    """All lines, megabytes of them at once; a crash may have torn some."""
    for path in files_of(folder, stem):
        with open_file(path) as file:
            while lines := file.readlines(BLOCK_BYTES):
                yield lines


def read_lines(folder: Path, stem: str, holding: bytes = b"") -> Iterator[Record]:
    """Every whole record whose line holds a text; a torn line is passed over."""
    for lines in read_blocks(folder, stem):
        for line in lines:
            record = whole(line) if holding in line else None
            if record is not None:
                yield record


def read_rows(folder: Path, request_id: str | None = None) -> Iterator[Record]:
    """The rows that were answered, of one request or of all, each with what the request shares.

    A row has ``columns``, its place ``row`` in its request, and the task's output. What only
    shadowed is left out.
    """
    holding = b"" if request_id is None else json.dumps(request_id).encode()
    for record in read_lines(folder, PREDICTIONS, holding):
        output = output_of(record)
        is_asked = request_id in (None, record.get("request_id"))
        if output is not None and is_asked and record.get("route") != SHADOW:
            shared = {name: value for name, value in record.items() if name != "rows"}
            for place, (row, answer) in enumerate(zip(record["rows"], record[output], strict=True)):
                yield {**shared, "row": place, "columns": row, output: answer}


def whole(line: bytes) -> Record | None:
    """The record of a line; none of one that is torn, or no object."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def output_of(record: Record) -> str | None:
    """The key of the task's output, an item for each row; none of a record that answers no rows."""
    rows, names = record.get("rows"), [name for name in OUTPUTS if name in record]
    if "request_id" not in record or len(names) != 1 or not isinstance(rows, list):
        return None
    outputs = record[names[0]]
    if not isinstance(outputs, list) or len(outputs) != len(rows):
        return None
    return names[0] if all(isinstance(row, dict) for row in rows) else None
