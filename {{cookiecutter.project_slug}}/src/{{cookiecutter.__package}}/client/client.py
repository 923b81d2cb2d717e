"""The server's methods as Python's, with a deadline, and a second try where that is safe.

    with Client("http://127.0.0.1:8000") as client:
        answer = client.predict([{"carrier": "UA", "distance": 1085}])

What is sent again, after a pause that is drawn anew from an interval that doubles (full jitter):

- What met no server: nothing was sent.
- What was answered 408, 429 or 503: nothing was done. A ``Retry-After`` is waited for.
- What may have been done, while its answer was lost or late (502 is a proxy's word for that, 504 the
  server's, too): a GET changes nothing; of several labels for a row the last counts; a prediction keeps its
  ``X-Request-ID`` and its rows their ids, by which monitoring counts each row once.

Nothing else is: what was refused (any other 4xx) or failed (500) would be so again.
"""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar

from ..errors import (
    ConfigError,
    MissingExtraError,
    ProjectError,
    RequestRefusedError,
    ServerFailedError,
    ServerUnreachableError,
)
from .answers import (
    Accepted,
    Answer,
    LabelOfId,
    LabelOfRow,
    Model,
    Ready,
    answer,
    error_of,
    made,
    model,
    parse,
)

try:
    import httpx
except ImportError:
    raise MissingExtraError("httpx", "client") from None

UNANSWERED = (
    *(httpx.TimeoutException, httpx.NetworkError, httpx.ProxyError),
    *(httpx.RemoteProtocolError, httpx.DecodingError),
)
TRY_AGAIN = frozenset({408, 429, 502, 503, 504})
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Reply:
    status: int
    retry_after: str
    body: bytes


class Client:
    """A server; threads may share one.

    ``timeout_s`` is how long an attempt waits for a connection, or for the next piece of an answer;
    ``retries`` how many attempts may follow the first; ``backoff_s`` the longest pause before the
    first of these. ``deadline_s`` bounds a call with all its attempts and pauses: each wait for the
    network is cut to what was left when its attempt began, and an answer that trickles is given up
    at the first piece after the end. ``key`` is the server's API key, which nothing repeats;
    ``headers`` go with every request.

    Rows and labels may hold times (UTC where they have no zone), scalars of numpy, and
    ``None`` or NaN for what is missing.

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
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._retries = retries
        self._backoff_s = backoff_s
        self._http = httpx.Client(base_url=_address(url), headers=headers)
        self._shown = f"Client({self._http.base_url!r}" + (", key='…')" if key else ")")
        if key:
            self._http.headers["authorization"] = _bearer(key)

    def __repr__(self) -> str:
        return self._shown

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(self, rows: Iterable[Mapping[str, Any]], probabilities: bool = False) -> Answer:
        """The answer to each row; ``probabilities`` asks for those of all labels, too."""
        sent = [{name: _cell(value) for name, value in row.items()} for row in rows]
        return self._post("/predict", _asking("rows", sent, probabilities), answer)

    def feedback(self, labels: Iterable[LabelOfId | LabelOfRow]) -> Accepted:
        """Tell what came true; of several labels for a row the last counts."""
        sent = [{name: _cell(value) for name, value in label.items()} for label in labels]
        return self._post("/feedback", {"labels": sent}, partial(made, Accepted))

    def model(self) -> Model:
        """What serves."""
        return self._ask("GET", "/model", model)

    def live(self) -> bool:
        """Whether the process answers."""
        return self._ask("GET", "/health/live", lambda content: bool(content["live"]))

    def ready(self) -> Ready:
        """Whether a model serves; that none does is an answer, not an error."""
        return self._ask("GET", "/health/ready", partial(made, Ready), answers=(200, 503))

    def _post(self, path: str, body: Any, read: Callable[[Any], Result]) -> Result:
        content = json.dumps(body, default=_refuse, separators=(",", ":")).encode()
        return self._ask("POST", path, read, content)

    def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[Any], Result],
        content: bytes | None = None,
        answers: Sequence[int] = (200,),
    ) -> Result:
        """Send until there is an answer, or neither time nor retries are left; one id for all."""
        start, request_id = time.monotonic(), uuid.uuid4().hex
        headers = {"x-request-id": request_id}
        if content is not None:
            headers["content-type"] = "application/json"
        request = self._http.build_request(method, path, content=content, headers=headers)
        attempt = 0
        while True:
            attempt += 1
            after_s = 0.0
            asked = f"{method} {request.url}" + (f", {attempt} times," if attempt > 1 else "")
            try:
                reply = self._send(request, start + self._deadline_s)
            except UNANSWERED as error:
                failure: ProjectError = _unanswered(asked, error)
            else:
                told = (asked, reply.status, reply.body, request_id)
                if reply.status in answers:
                    return parse(read, *told)
                again = reply.status in TRY_AGAIN
                refused = 400 <= reply.status < 500 and not again
                failure = error_of(RequestRefusedError if refused else ServerFailedError, *told)
                if not again:
                    raise failure
                after_s = retry_after_s(reply.retry_after)
            pause_s = after_s + full_jitter_s(attempt, self._backoff_s)
            if attempt > self._retries or time.monotonic() + pause_s - start >= self._deadline_s:
                raise failure
            time.sleep(pause_s)

    def _send(self, request: httpx.Request, end: float) -> _Reply:
        """One attempt, its answer read to the end."""
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
        return _Reply(response.status_code, response.headers.get("retry-after", ""), bytes(body))


def full_jitter_s(attempt: int, backoff_s: float) -> float:
    """The pause after an attempt (1, 2, …): any up to ``backoff_s``, twice that, … 64 times that."""
    most = backoff_s * 2.0 ** min(attempt - 1, 6)
    return random.uniform(0, most)  # noqa: S311 - keeps callers apart, hides nothing


def retry_after_s(header: str) -> float:
    """The seconds that ``Retry-After`` asks for, by a number or a date; 0 where it says neither."""
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return 0.0


def _address(url: str) -> httpx.URL:
    with suppress(httpx.InvalidURL):
        address = httpx.URL(url)
        if address.scheme in {"http", "https"} and address.host:
            return address
    raise ConfigError(f"'{url}' is no server's address; write one such as http://host:8000")


def _bearer(key: str) -> str:
    given = key.strip()  # files end with a line's end
    if not (given.isascii() and given.isprintable()):
        raise ConfigError("the key is none: it holds characters beyond ASCII, or lines")
    return f"Bearer {given}"


def _unanswered(asked: str, error: Exception) -> ServerUnreachableError:
    reason = f"{type(error).__name__}: {error}".removesuffix(": ")
    return ServerUnreachableError(
        f"{asked} got no answer ({reason}); check the address, or start a server with: make serve"
    )


def _asking(name: str, values: Any, probabilities: bool) -> dict[str, Any]:
    return {name: values} | ({"probabilities": True} if probabilities else {})


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
