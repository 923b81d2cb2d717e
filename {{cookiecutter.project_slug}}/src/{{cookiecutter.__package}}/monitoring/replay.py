"""Plays a dataset's test rows against the server as live traffic; labels come later, as in life."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc

from ..config import Config
from ..data.dataset import current
from ..errors import DataError, ServerUnreachableError
from ..terminal import progress, say
from ..values import json_value

ROWS_PER_REQUEST = 200
TIMEOUT_S = 30.0


def run(config: Config, url: str | None = None, rows: int | None = None) -> int:
    """Send the test rows in the order of their time, and each label once it would be known.

    Labels of the last ``monitor.label_delay_days`` are not sent: they would not be known yet.
    Returns the number of rows answered.

    Raises:
        DataError: the contract has no time or no id, so nothing can be played or labelled.
        ServerUnreachableError: no server answers at ``url``.
    """
    dataset = current(config.data.directory)
    contract = dataset.contract
    if contract.time is None or contract.id is None:
        raise DataError(
            "replay needs 'time' and 'id' in contract.yaml: by them rows are ordered and labelled"
        )
    table = dataset.read("test").sort_by(contract.time)
    table = table if rows is None else table.slice(0, rows)
    delay = timedelta(days=config.monitor.label_delay_days)
    waiting: list[tuple[Any, dict[str, Any]]] = []
    sent = labelled = 0
    base = url or f"http://{config.serve.host}:{config.serve.port}"
    with (
        httpx.Client(base_url=base, timeout=TIMEOUT_S) as client,
        progress("replay", len(table)) as bar,
    ):
        for day in _days(table, contract.time):
            for start in range(0, len(day), ROWS_PER_REQUEST):
                part = day.slice(start, ROWS_PER_REQUEST).to_pylist()
                request = [{n: json_value(row.get(n)) for n in contract.request} for row in part]
                _post(client, "/predict", {"rows": request})
                sent += len(part)
                bar(len(part), note=f"{part[0][contract.time]:%Y-%m-%d}")
                for row in part:
                    label = {"id": row[contract.id], "label": json_value(row[contract.target])}
                    waiting.append((row[contract.time] + delay, label))
            now = pc.max(day[contract.time]).as_py()
            known = [label for at, label in waiting if at <= now]
            waiting = [(at, label) for at, label in waiting if at > now]
            for start in range(0, len(known), ROWS_PER_REQUEST * 10):
                _post(client, "/feedback", {"labels": known[start : start + ROWS_PER_REQUEST * 10]})
            labelled += len(known)
    say(
        f"replayed  {sent:,} rows to {base}, {labelled:,} labels; {len(waiting):,} are not known yet"
    )
    return sent


def _days(table: pa.Table, time: str) -> Iterator[pa.Table]:
    """The rows of one UTC day after the other."""
    days = pc.floor_temporal(table[time], unit="day")
    for day in pc.unique(days):
        yield table.filter(pc.equal(days, day))


def _post(client: httpx.Client, path: str, content: dict[str, Any]) -> None:
    try:
        response = client.post(path, json=content)
    except httpx.TransportError as error:
        raise ServerUnreachableError(
            f"no server answers at {client.base_url} ({type(error).__name__}); start one with: make serve"
        ) from None
    if response.is_error:
        raise DataError(f"POST {path} was answered {response.status_code}: {response.text[:500]}")
