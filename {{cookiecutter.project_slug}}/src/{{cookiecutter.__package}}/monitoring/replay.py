"""Plays a dataset's test rows against the server as live traffic; labels come later, as in life."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc

from ..config import Config
from ..contract import Contract
from ..data.dataset import current
from ..errors import RequestRefusedError, ServerFailedError, ServerUnreachableError
from ..terminal import Bar, progress, say
from ..values import json_value

ROWS_PER_REQUEST = 200
TIMEOUT_S = 30.0
MOST_TEXT = 1_000
NO_TIME = frozenset({408, 429})
"""What is answered where the same request may be answered later."""
Body = dict[str, Any]


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
    base = (url or f"http://{config.serve.host}:{config.serve.port}").rstrip("/")
    delay = timedelta(days=config.monitor.label_delay_days)
    headers = {"authorization": f"Bearer {key.strip()}"} if key else {}
    with (
        httpx.Client(headers=headers, timeout=TIMEOUT_S) as client,
        progress("replay", len(table)) as bar,
    ):
        traffic = Traffic(partial(post, client, base), contract, delay)
        traffic.play(table, bar)
    say(
        f"replayed  {traffic.sent:,} rows to {base}, {traffic.labelled:,} labels;"
        f" {len(traffic.waiting):,} are not known yet"
    )
    return traffic.sent


class Traffic:
    """Callers of a server, who learn what became of their rows ``delay`` later."""

    def __init__(
        self, post: Callable[[str, Body], Body], contract: Contract, delay: timedelta
    ) -> None:
        self._post, self._contract, self._delay = post, contract, delay
        self.waiting: list[tuple[datetime | None, Body]] = []
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
        asked = [{name: json_value(row.get(name)) for name in contract.request} for row in rows]
        request_id = self._post("/predict", {"rows": asked})["request_id"]
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
            labels = known[start : start + ROWS_PER_REQUEST * 10]
            self._post("/feedback", {"labels": labels})
        self.labelled += len(known)


def post(client: httpx.Client, base: str, path: str, body: Body) -> Body:
    """Send a body, and return the answer.

    Raises:
        RequestRefusedError: it refused the request.
        ServerFailedError: it failed, has no time, or no model serves.
        ServerUnreachableError: no answer came.
    """
    try:
        response = client.post(base + path, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerUnreachableError(
            f"POST {base + path} got no answer ({type(error).__name__}: {error});"
            " check the address, or start a server with: make serve"
        ) from None
    if not response.is_success:
        refused = response.is_client_error and response.status_code not in NO_TIME
        kind = RequestRefusedError if refused else ServerFailedError
        message = f"POST {base + path} was answered {response.status_code}: {response.text}"
        raise kind(message[:MOST_TEXT], status=response.status_code)
    content: Body = response.json()
    return content


def _label(contract: Contract, row: dict[str, Any], request_id: str, number: int) -> Body:
    label = json_value(row[contract.target])
    if contract.id is not None:
        return {"id": json_value(row[contract.id]), "label": label}
    return {"request_id": request_id, "row": number, "label": label}


def _days(table: pa.Table, time: str | None) -> Iterator[pa.Table]:
    """The rows of one UTC day after the other; without a time, all at once."""
    if time is None:
        yield table
        return
    days = pc.floor_temporal(table[time], unit="day")
    for day in pc.unique(days):
        yield table.filter(pc.equal(days, day))
