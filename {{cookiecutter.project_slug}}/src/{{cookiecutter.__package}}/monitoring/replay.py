"""Plays a dataset's test rows against the server as live traffic; labels come later, as in life."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ..config import Config
from ..contract import Contract
from ..data.dataset import current
from ..errors import ServerUnreachableError
from ..terminal import progress, say
from ..values import json_value

ROWS_PER_REQUEST, LABELS_PER_REQUEST = 200, 2_000
TIMEOUT_S = 30.0
MOST_TEXT = 1_000
LATER = datetime.max.replace(tzinfo=UTC)
"""When labels of rows without a time are known, and when they are sent."""
Body = dict[str, Any]


def run(
    config: Config, url: str | None = None, rows: int | None = None, *, key: str | None = None
) -> int:
    """Send the test rows in the order of their time, and each label once it would be known.

    Labels of the last ``monitor.label_delay_days`` are not sent: they would not be known yet. Rows
    without a time go in the dataset's order, each with its label. Returns the rows answered.

    Raises:
        ServerUnreachableError: no server at ``url`` answers, or it refuses a row or label.
    """
    dataset = current(config.data.directory)
    contract, table = dataset.contract, dataset.read("test")
    time = contract.time
    table = table.sort_by(time) if time else table
    table = table if rows is None else table.slice(0, rows)
    base = (url or f"http://{config.serve.host}:{config.serve.port}").rstrip("/")
    delay = timedelta(days=config.monitor.label_delay_days)
    headers = {"authorization": f"Bearer {key.strip()}"} if key else {}
    waiting: list[tuple[datetime, Body]] = []
    labelled = 0
    with (
        httpx.Client(headers=headers, timeout=TIMEOUT_S) as client,
        progress("replay", len(table)) as bar,
    ):
        for start in range(0, len(table), ROWS_PER_REQUEST):
            part = table.slice(start, ROWS_PER_REQUEST).to_pylist()
            waiting += _ask(client, base, contract, delay, part)
            now = part[-1][time] if time else LATER
            known = [label for at, label in waiting if at <= now]
            waiting = [(at, label) for at, label in waiting if at > now]
            for first in range(0, len(known), LABELS_PER_REQUEST):
                labels = known[first : first + LABELS_PER_REQUEST]
                post(client, f"{base}/feedback", {"labels": labels})
            labelled += len(known)
            bar(len(part), note=f"{now:%Y-%m-%d}" if time else "")
    say(
        f"replayed  {len(table):,} rows to {base}, {labelled:,} labels;"
        f" {len(waiting):,} are not known yet"
    )
    return len(table)


def _ask(
    client: httpx.Client, base: str, contract: Contract, delay: timedelta, rows: list[Body]
) -> list[tuple[datetime, Body]]:
    """Have rows predicted; returns when each label will be known, and the label."""
    columns = [{name: json_value(row.get(name)) for name in contract.request} for row in rows]
    request_id = post(client, f"{base}/predict", {"rows": columns})["request_id"]
    labels = []
    for number, row in enumerate(rows):
        label: Body = {"request_id": request_id, "row": number}
        if contract.id is not None:
            label = {"id": json_value(row[contract.id])}
        label["label"] = json_value(row[contract.target])
        labels.append((row[contract.time] + delay if contract.time else LATER, label))
    return labels


def post(client: httpx.Client, address: str, body: Body) -> Body:
    """Send a body, and return the answer.

    Raises:
        ServerUnreachableError: no answer came, or one that is an error.
    """
    try:
        response = client.post(address, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerUnreachableError(
            f"POST {address} got no answer ({type(error).__name__}: {error});"
            " check the address, or start a server with: make serve"
        ) from None
    if not response.is_success:
        message = f"POST {address} was answered {response.status_code}: {response.text}"
        raise ServerUnreachableError(message[:MOST_TEXT])
    content: Body = response.json()
    return content
