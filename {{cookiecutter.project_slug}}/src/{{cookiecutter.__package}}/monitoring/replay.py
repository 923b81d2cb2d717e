"""Plays a dataset's test rows against the server as live traffic, and then the labels known by then."""

from datetime import timedelta
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
Body = dict[str, Any]


def run(
    config: Config, url: str | None = None, rows: int | None = None, *, key: str | None = None
) -> int:
    """Send the test rows in the order of their time, then their labels; return the rows answered.

    Labels of the last ``monitor.label_delay_days`` are not sent: they would not be known yet. Rows
    without a time go in the dataset's order, with all their labels.

    Raises:
        ServerUnreachableError: no server answers at ``url``, or it refused or failed.
    """
    dataset = current(config.data.directory)
    contract, table = dataset.contract, dataset.read("test")
    if contract.time is not None:
        table = table.sort_by(contract.time)
    table = table if rows is None else table.slice(0, rows)
    base = (url or f"http://{config.serve.host}:{config.serve.port}").rstrip("/")
    headers = {"authorization": f"Bearer {key.strip()}"} if key else {}
    labels: list[Body] = []
    with (
        httpx.Client(headers=headers, timeout=TIMEOUT_S) as client,
        progress("replay", len(table)) as bar,
    ):
        for start in range(0, len(table), ROWS_PER_REQUEST):
            part = table.slice(start, ROWS_PER_REQUEST).to_pylist()
            columns = [{n: json_value(row.get(n)) for n in contract.request} for row in part]
            request_id = post(client, f"{base}/predict", {"rows": columns})["request_id"]
            labels += [_label(contract, request_id, n, row) for n, row in enumerate(part)]
            bar(len(part))
        known = labels
        if contract.time is not None:
            times = table[contract.time].to_pylist()
            by_then = times[-1] - timedelta(days=config.monitor.label_delay_days)
            known = labels[: sum(time <= by_then for time in times)]
        for start in range(0, len(known), LABELS_PER_REQUEST):
            some = known[start : start + LABELS_PER_REQUEST]
            post(client, f"{base}/feedback", {"labels": some})
    say(
        f"replayed  {len(table):,} rows to {base}, {len(known):,} labels;"
        f" {len(labels) - len(known):,} are not known yet"
    )
    return len(table)


def _label(contract: Contract, request_id: str, number: int, row: Body) -> Body:
    """The label of a row as the server takes it: by the row's id, else by its request."""
    label = {"label": json_value(row[contract.target])}
    if contract.id is not None:
        return {"id": json_value(row[contract.id]), **label}
    return {"request_id": request_id, "row": number, **label}


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
