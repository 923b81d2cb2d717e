"""The server's methods as Python's, with a deadline, and a second try where that is safe.

    with Client("http://127.0.0.1:8000") as client:
        answer = client.predict([{"carrier": "UA", "distance": 1085}])

What is sent again, after a pause that is drawn anew from an interval that doubles (full jitter):

- What met no server: nothing was sent.
- What was answered 408, 429 or 503: nothing was done. A ``Retry-After`` is waited for.
- What may have been done, while its answer was lost or late (502 and 504 are a proxy's words for
  that): a GET changes nothing; of several labels for a row the last counts; a prediction has the same
  ``X-Request-ID`` again, by which monitoring counts each row once.

Nothing else is: what was refused (any other 4xx) or failed (500) would be so again.
"""

import json
import random
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..errors import ConfigError, MissingExtraError, ProjectError, ServerUnreachableError
from .answers import TRY_AGAIN, Answer, content_of, error_of

try:
    import httpx
except ImportError:
    raise MissingExtraError("httpx", "client") from None

NO_ANSWER = (httpx.TransportError, httpx.DecodingError)


class Client:
    """A server; threads may share one.

    ``timeout_s`` is how long an attempt waits for a connection, or for the next piece of an answer;
    ``retries`` how many attempts may follow the first; ``backoff_s`` the longest pause before the
    first of these. ``deadline_s`` bounds a call with all its attempts and pauses. ``key`` is the
    server's API key, which no message repeats; ``headers`` go with every request.

    Rows and labels may hold times (UTC where they have no zone), scalars of numpy, and ``None`` or NaN
    for what is missing.

    Raises, when made:
        ConfigError: ``url`` is no address, or ``key`` no key.

    Raises, from every method:
        RequestRefusedError: the request is at fault; ``faults`` names each field and its rule.
        ServerFailedError: the server is at fault or has no time; it was asked again.
        ServerUnreachableError: no answer came; it was asked again.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = 10.0,
        deadline_s: float = 30.0,
        retries: int = 4,
        backoff_s: float = 0.25,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._timeout_s, self._deadline_s = timeout_s, deadline_s
        self._retries, self._backoff_s = retries, backoff_s
        self._http = httpx.Client(base_url=_address(url), headers=headers)
        if key:
            self._http.headers["authorization"] = _bearer(key)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> Answer:
        """The answer to each row, in their order."""
        body = {"rows": [_cells(row) for row in rows]}
        names = ("model", "version", "request_id", "predictions")
        answer = self._request("POST", "/predict", names, body)
        return Answer(**{name: answer[name] for name in names})

    def feedback(self, labels: Iterable[Mapping[str, Any]]) -> int:
        """Send labels: each has ``label`` and the row's ``id``, or the answer's ``request_id`` and ``row``.

        Of several labels for a row the last counts. Returns how many were written.
        """
        body = {"labels": [_cells(label) for label in labels]}
        accepted: int = self._request("POST", "/feedback", ("accepted",), body)["accepted"]
        return accepted

    def model(self) -> Mapping[str, Any]:
        """What serves: name, version, metrics, threshold, contract and more."""
        return self._request("GET", "/model", ("contract",))

    def ready(self) -> Mapping[str, Any]:
        """``ready``, ``version`` and ``problem``; that no model serves is an answer, not an error."""
        return self._request("GET", "/health/ready", ("ready",))

    def _request(
        self, method: str, path: str, keys: tuple[str, ...], body: Any = None
    ) -> Mapping[str, Any]:
        """Send until there is an answer with all ``keys``, or neither time nor retries are left."""
        end, request_id = time.monotonic() + self._deadline_s, uuid.uuid4().hex
        headers, content = {"x-request-id": request_id}, None
        if body is not None:
            content = json.dumps(body, default=_refuse, separators=(",", ":")).encode()
            headers["content-type"] = "application/json"
        request = self._http.build_request(method, path, content=content, headers=headers)
        attempt = 0
        while True:
            attempt += 1
            times = f", {attempt} times," if attempt > 1 else ""
            wait_s = 0.0
            try:
                status, after, reply = self._send(request, end)
            except NO_ANSWER as error:
                failure: ProjectError = _unreachable(f"{method} {request.url}{times}", error)
            else:
                if (answer := content_of(reply, *keys)) is not None:
                    return answer
                what = f"{method} {request.url}{times} was answered {status}"
                failure = error_of(reply, what, status, request_id)
                if status not in TRY_AGAIN:
                    raise failure
                wait_s = float(after) if after.isdecimal() else 0.0
            most_s = self._backoff_s * 2.0 ** min(attempt - 1, 6)
            wait_s += random.uniform(0, most_s)  # noqa: S311 - keeps callers apart, hides nothing
            if attempt > self._retries or time.monotonic() + wait_s >= end:
                raise failure
            time.sleep(wait_s)

    def _send(self, request: httpx.Request, end: float) -> tuple[int, str, bytes]:
        """One attempt, its answer read to the end; one that trickles is given up at the deadline."""
        wait_s = max(0.001, min(self._timeout_s, end - time.monotonic()))
        request.extensions["timeout"] = httpx.Timeout(wait_s).as_dict()
        response, body = self._http.send(request, stream=True), bytearray()
        try:
            for piece in response.iter_bytes():
                body += piece
                if time.monotonic() >= end:
                    raise httpx.ReadTimeout("the answer trickled past the deadline")
        finally:
            response.close()
        return response.status_code, response.headers.get("retry-after", ""), bytes(body)


def _unreachable(sent: str, error: Exception) -> ServerUnreachableError:
    reason = f"{type(error).__name__}: {error}".removesuffix(": ")
    return ServerUnreachableError(
        f"{sent} got no answer ({reason}); check the address, or start a server with: make serve"
    )


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme in {"http", "https"} and address.host:
        return address
    raise ConfigError(f"'{url}' is no server's address; write one such as http://host:8000")


def _bearer(key: str) -> str:
    text = key.strip()  # files end with a line's end
    if not (text.isascii() and text.isprintable()):
        raise ConfigError("the key is none: it holds characters beyond ASCII, or lines")
    return f"Bearer {text}"


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    """What ``values.json_value`` makes of a cell, and of numpy's too."""
    if hasattr(value, "dtype"):
        value = (value.astype("datetime64[us]") if value.dtype.kind == "M" else value).item()
    if value is None or (value != value) is not False:  # NaN, NaT and pandas' NA
        return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.isoformat().replace("+00:00", "Z")
    return value


def _refuse(value: object) -> Any:
    raise TypeError(
        f"{value!r} is of type {type(value).__name__}; a cell may be None, a boolean, a number,"
        " a text or a datetime"
    )
