"""The server's log, read back line by line; ``serving.prediction_log`` writes it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PREDICTIONS = "predictions"
LABELS = "labels"
OUTPUTS = ("probability", "probabilities", "value")


def read_lines(folder: Path, stem: str, holding: bytes = b"") -> Iterator[dict[str, Any]]:
    """Every whole record that holds a text, oldest day first; a line that a crash tore is passed over."""
    for path in sorted(folder.glob(f"{stem}-*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                if holding in line:
                    with suppress(ValueError):
                        yield json.loads(line)


def read_rows(folder: Path, request_id: str | None = None) -> Iterator[dict[str, Any]]:
    """The rows that were answered, of one request or of all, each with what the request shares.

    A row has ``columns``, its place ``row`` in its request, and the task's output.
    """
    holding = b"" if request_id is None else json.dumps(request_id).encode()
    for record in read_lines(folder, PREDICTIONS, holding):
        if request_id in (None, record["request_id"]):
            yield from _rows(record)


def _rows(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (output,) = (name for name in OUTPUTS if name in record)
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
