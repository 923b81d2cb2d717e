"""Plays a dataset's test rows against the server as live traffic, and then their labels."""

from typing import Any

import httpx

from ..config import Config
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

    Rows without a time go in the dataset's order.

    Raises:
        ServerUnreachableError: no server answers at ``url``, or it refused or failed.
    """
    dataset = current(config.data.directory)
    contract, table = dataset.contract, dataset.read("test")
    if contract.time is not None:
        table = table.sort_by(contract.time)
    table = table.slice(0, rows)
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
            for number, row in enumerate(part):
                known_by: Body = {"request_id": request_id, "row": number}
                if contract.id is not None:
                    known_by = {"id": json_value(row[contract.id])}
                labels.append({**known_by, "label": json_value(row[contract.target])})
            bar(len(part))
        for start in range(0, len(labels), LABELS_PER_REQUEST):
            some = labels[start : start + LABELS_PER_REQUEST]
            post(client, f"{base}/feedback", {"labels": some})
    say(f"replayed  {len(table):,} rows to {base}, and their labels")
    return len(table)


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
