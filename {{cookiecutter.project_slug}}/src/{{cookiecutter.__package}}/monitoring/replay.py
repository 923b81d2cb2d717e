"""Plays a dataset's test rows against the server as live traffic; labels come later, as in life."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..client import Client, LabelOfId, LabelOfRow
from ..config import Config
from ..contract import Contract
from ..data.dataset import current
from ..terminal import Bar, progress, say

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
    with calling(base, key=key) as client, progress("replay", len(table)) as bar:
        traffic = Traffic(client, contract, delay)
        traffic.play(table, bar)
    say(
        f"replayed  {traffic.sent:,} rows to {base}, {traffic.labelled:,} labels;"
        f" {len(traffic.waiting):,} are not known yet"
    )
    return traffic.sent


def calling(base: str, *, key: str | None = None) -> Client:
    """A client with the patience that many rows at once ask for."""
    return Client(base, key=key, timeout_s=TIMEOUT_S, deadline_s=DEADLINE_S)


class Traffic:
    """Callers of a server, who learn what became of their rows ``delay`` later."""

    def __init__(self, client: Client, contract: Contract, delay: timedelta) -> None:
        self._client, self._contract, self._delay = client, contract, delay
        self.waiting: list[tuple[datetime | None, LabelOfId | LabelOfRow]] = []
        """Labels that are not known yet, and when they will be."""
        self.sent = self.labelled = 0

    def play(self, table: pa.Table, bar: Bar) -> None:
        """Send rows that are in the order of their time, and the labels that become known."""
        time = self._contract.time
        for part in _days(table, time):
            for start in range(0, len(part), ROWS_PER_REQUEST):
                given = part.slice(start, ROWS_PER_REQUEST).to_pylist()
                self._ask(given)
                bar(len(given), note=f"{given[0][time]:%Y-%m-%d}" if time else "")
            self._label(pc.max(part[time]).as_py() if time else None)

    def _ask(self, rows: list[dict[str, Any]]) -> None:
        contract = self._contract
        asked = [{name: row.get(name) for name in contract.request} for row in rows]
        request_id = self._client.predict(asked).request_id
        self.sent += len(rows)
        for number, row in enumerate(rows):
            at = row[contract.time] + self._delay if contract.time else None
            self.waiting.append((at, _label(contract, row, request_id, number)))

    def _label(self, now: datetime | None) -> None:
        """Send the labels that are known by now; without a time, all."""
        known = [label for at, label in self.waiting if at is None or now is None or at <= now]
        self.waiting = [
            (at, label) for at, label in self.waiting if at and now is not None and at > now
        ]
        for start in range(0, len(known), ROWS_PER_REQUEST * 10):
            self._client.feedback(known[start : start + ROWS_PER_REQUEST * 10])
        self.labelled += len(known)


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
