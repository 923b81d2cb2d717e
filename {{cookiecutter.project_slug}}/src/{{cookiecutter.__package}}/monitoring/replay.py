"""Plays a dataset's test rows against the server as live traffic; labels come later, as in life."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..client import Client, LabelOfId, LabelOfRow
from ..config import Config
from ..contract import Contract
from ..data.dataset import current
from ..terminal import progress, say

ROWS_PER_REQUEST = 200
TIMEOUT_S, DEADLINE_S = 30.0, 60.0


def run(
    config: Config, url: str | None = None, rows: int | None = None, *, key: str | None = None
) -> int:
    """Send the test rows in the order of their time, and each label once it would be known.

    Labels of the last ``monitor.label_delay_days`` are not sent: they would not be known yet. Rows
    without a time go in the dataset's order, each with its label. Returns the rows answered.

    Raises:
        RequestRefusedError: the server refused a row or label.
        ServerFailedError: it failed, or no model serves.
        ServerUnreachableError: no server answers at ``url``.
    """
    dataset = current(config.data.directory)
    contract = dataset.contract
    table = dataset.read("test")
    table = table.sort_by(contract.time) if contract.time else table
    table = table if rows is None else table.slice(0, rows)
    base = url or f"http://{config.serve.host}:{config.serve.port}"
    delay = timedelta(days=config.monitor.label_delay_days)
    waiting: list[tuple[Any, LabelOfId | LabelOfRow]] = []
    sent = labelled = 0
    with (
        Client(base, key=key, timeout_s=TIMEOUT_S, deadline_s=DEADLINE_S) as client,
        progress("replay", len(table)) as bar,
    ):
        for part in _days(table, contract.time):
            for start in range(0, len(part), ROWS_PER_REQUEST):
                given = part.slice(start, ROWS_PER_REQUEST).to_pylist()
                asked = [{name: row.get(name) for name in contract.request} for row in given]
                request_id = client.predict(asked).request_id
                sent += len(given)
                bar(len(given), note=f"{given[0][contract.time]:%Y-%m-%d}" if contract.time else "")
                for number, row in enumerate(given):
                    at = row[contract.time] + delay if contract.time else None
                    waiting.append((at, _label(contract, row, request_id, number)))
            now = pc.max(part[contract.time]).as_py() if contract.time else None
            known = [label for at, label in waiting if now is None or at <= now]
            waiting = [(at, label) for at, label in waiting if now is not None and at > now]
            for start in range(0, len(known), ROWS_PER_REQUEST * 10):
                client.feedback(known[start : start + ROWS_PER_REQUEST * 10])
            labelled += len(known)
    say(
        f"replayed  {sent:,} rows to {base}, {labelled:,} labels; {len(waiting):,} are not known yet"
    )
    return sent


def _label(
    contract: Contract, row: dict[str, Any], request_id: str, number: int
) -> LabelOfId | LabelOfRow:
    label = row[contract.target]
    if contract.id is not None:
        return {"id": row[contract.id], "label": label}
    return {"request_id": request_id, "row": number, "label": label}


def _days(table: pa.Table, time: str | None) -> Iterator[pa.Table]:
    """The rows of one UTC day after the other; without a time, all at once."""
    if time is None:
        yield table
        return
    days = pc.floor_temporal(table[time], unit="day")
    for day in pc.unique(days):
        yield table.filter(pc.equal(days, day))
