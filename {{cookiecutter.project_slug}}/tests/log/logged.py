"""A log as servers leave it: several days and processes, both forms of a request, torn lines."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from {{ cookiecutter.__package }}.log.live import RECORD, SEGMENTS, read_lines
from {{ cookiecutter.__package }}.log.segments import LABELS, PREDICTIONS

DAY = date(2024, 5, 1)
STEMS = (PREDICTIONS, LABELS)
TORN = b'{"request_id": "torn", "rows": [{"order": "o-1", "city": "Ly'


def prediction(number: int, day: date = DAY, n_rows: int = 3) -> dict[str, Any]:
    """A request whose rows are of the orders ``o-0``, ``o-1`` and so on; every second has columns."""
    orders = [f"o-{place}" for place in range(n_rows)]
    prices = [number + 0.1 * place for place in range(n_rows)]
    given: dict[str, Any] = {"columns": {"order": orders, "price": prices}}
    if number % 2:
        given = {"rows": [{"order": o, "price": p} for o, p in zip(orders, prices, strict=True)]}
    return {
        "request_id": f"r-{number}",
        "time": f"{day}T10:00:00.{number:06d}Z",
        "model": "shop",
        "version": 2**40 + number,
        "route": "/predict" if number % 2 else "/predict/columns",
        **given,
        "probability": [0.1 + 0.2] * n_rows,
    }


def label(number: int, order: str, day: date = DAY) -> dict[str, Any]:
    """What became of an order."""
    given = {"request_id": f"f-{number}", "time": f"{day}T11:00:00.{number:06d}Z"}
    return {**given, "id": order, "label": number % 2 == 0}


def write(path: Path, *records: dict[str, Any], torn: bytes = b"") -> None:
    """A segment, perhaps with a line that a crash tore in its middle and at its end."""
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
    labels = [label(k, f"o-{k}") for k in range(3)]
    write(folder / f"{LABELS}-{DAY}-7.jsonl", *labels)


def content(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every record that is read, in an order of its own, to compare."""
    return {stem: sorted(read_lines(folder, stem), key=json.dumps) for stem in STEMS}


def to_parquet(path: Path, *, keep: bool = False) -> Path:
    """What version 0.1 makes of a segment: Parquet that names it; ``keep`` is a kill before it is gone."""
    lines = [line for line in path.read_text().splitlines() if line.endswith("}")]
    table = pa.table(
        {"request_id": [json.loads(line)["request_id"] for line in lines], RECORD: lines}
    )
    target = path.with_suffix(".parquet")
    pq.write_table(table.replace_schema_metadata({SEGMENTS: json.dumps([path.name])}), target)
    if not keep:
        path.unlink()
    return target
