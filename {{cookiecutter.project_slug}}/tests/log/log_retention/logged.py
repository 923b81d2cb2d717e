"""A log as servers leave it: several days and processes, torn lines."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from {{ cookiecutter.__package }}.log.live import (
    LABELS,
    PREDICTIONS,
    read_lines,
)

DAY = date(2024, 5, 1)
TORN = b'{"request_id": "torn", "rows": [{"order": "o-1", "city": "Ly'


def prediction(number: int, day: date = DAY, n_rows: int = 3) -> dict[str, Any]:
    """A request whose rows are of the orders ``o-0``, ``o-1`` and so on."""
    rows = [{"order": f"o-{place}", "price": number + 0.1 * place} for place in range(n_rows)]
    return {
        "request_id": f"r-{number}",
        "time": f"{day}T10:00:00.{number:06d}Z",
        "model": "shop",
        "version": 1,
        "route": "champion",
        "rows": rows,
        "probability": [0.1 + 0.2] * n_rows,
    }


def label(number: int, order: str, day: date = DAY) -> dict[str, Any]:
    """What became of an order."""
    shared = {"request_id": f"f-{number}", "time": f"{day}T11:00:00.{number:06d}Z"}
    return {**shared, "id": order, "label": number % 2 == 0}


def write(path: Path, *records: dict[str, Any], torn: bytes = b"") -> None:
    """A file, perhaps with a line that a crash tore in its middle and at its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in records]
    ends = b"\n" + (torn + b"\n" if torn else b"")
    path.write_bytes(ends.join(lines) + b"\n" + torn)


def make_log(folder: Path, n_days: int = 2) -> None:
    """Days of two processes, and labels."""
    for number, process in enumerate((7, 8) * n_days):
        day = DAY + timedelta(days=number // 2)
        records = [prediction(10 * number + k, day) for k in range(4)]
        torn = TORN if process == 7 else b""
        write(folder / f"{PREDICTIONS}-{day}-{process}.jsonl", *records, torn=torn)
    write(folder / f"{LABELS}-{DAY}-7.jsonl", *(label(k, f"o-{k}") for k in range(3)))


def content(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every record that is read."""
    return {stem: list(read_lines(folder, stem)) for stem in (PREDICTIONS, LABELS)}
