"""Where requests come in: gives each an id, counts it, and answers the busy paths itself.

A framework's routing, dependency injection and response classes cost more than a prediction. The
few paths that carry the load are answered from bytes to bytes here; all others go on to it.
"""

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..access.guard import Guard
from ..metrics import Metrics
from ..readiness import Readiness
from ..router import Router
from .headers import ANSWERS, completed
from .limits import Limits
from .problems import INTERNAL, ProblemError

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
IDENTITY = "identity"
LOGGER = logging.getLogger(__name__)
Endpoint = Callable[[bytes, str], bytes | Awaitable[bytes]]
"""From a body and the request's id to the answer's JSON; raises ``ProblemError`` to refuse."""
Headers = Sequence[tuple[bytes, bytes]]
Answer = tuple[int, bytes, Headers]
"""Status, body, and the headers that not every answer has."""


class Head(NamedTuple):
    """What the edge reads of a request's headers."""

    request_id: str
    """The caller's, where it is one, and else one made here."""
    length: int
    """Bytes of the body, as far as they are told."""
    encoding: str
    authorization: bytes


class Edge:
    """An ASGI application around another."""

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Mapping[str, Endpoint],
        metrics: Metrics,
        guard: Guard,
        limits: Limits,
        readiness: Readiness,
        *,
        routers: Sequence[Router] = (),
        access_log: bool = False,
    ) -> None:
        """``endpoints`` are answered here, each at its path by POST; ``app`` answers the rest, in
        which ``routers`` have a shape of their own for errors."""
        self.app = app
        self.readiness = readiness
        self.guard = guard
        self.limits = limits
        self.endpoints = endpoints
        self._metrics = metrics
        self._routers = routers
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass a lifespan on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = perf_counter()
        head = read_head(scope["headers"])
        endpoint = self.endpoints.get(scope["path"])
        if refusal := self.guard.refusal(scope["path"], head.authorization, start):
            route, status = await self._refuse(refusal, scope["path"], send, head.request_id)
        elif endpoint is None:
            route, status = await self._pass_on(scope, receive, send, head.request_id)
        else:
            route = scope["path"]
            status = await self._read_and_answer(endpoint, scope["method"], head, receive, send)
        self.answered(head.request_id, route, status, perf_counter() - start)

    def answered(self, request_id: str, route: str, status: int, duration_s: float) -> None:
        """Count an answer, and tell of it where that is wanted."""
        self._metrics.answered(route, status, duration_s)
        if self._access_log:
            _tell(request_id, route, status, duration_s)

    def answer(
        self, endpoint: Endpoint, body: bytes, request_id: str
    ) -> Answer | Coroutine[Any, Any, Answer]:
        """The answer to a body that has arrived, or what will be; raises nothing."""
        arrived = perf_counter()
        try:
            self.limits.enter()
        except ProblemError as problem:
            return told(problem, request_id)
        try:
            answer = endpoint(body, request_id)
            if not isinstance(answer, bytes):
                return self._answer_later(answer, arrived, request_id)
            self.limits.check_deadline(arrived)
        except Exception as error:
            self.limits.leave()
            return told(error, request_id)
        self.limits.leave()
        return 200, answer, ()

    async def _answer_later(
        self, answer: Awaitable[bytes], arrived: float, request_id: str
    ) -> Answer:
        try:
            body = await answer
            self.limits.check_deadline(arrived)
        except (Exception, asyncio.CancelledError) as error:
            return told(error, request_id)
        finally:
            self.limits.leave()
        return 200, body, ()

    async def _read_and_answer(
        self, endpoint: Endpoint, method: str, head: Head, receive: Receive, send: Send
    ) -> int:
        request_id = head.request_id
        try:
            if method != "POST":
                message = "Method Not Allowed: use POST"
                raise ProblemError(405, "method_not_allowed", message, headers={"allow": "POST"})
            if head.encoding != IDENTITY:
                refuse_encoding(head.encoding)
            given = await read_body(head.length, receive, self.limits)
        except (Exception, asyncio.CancelledError) as error:
            answer: Answer | Coroutine[Any, Any, Answer] = told(error, request_id)
        else:
            answer = self.answer(endpoint, given, request_id)
        status, body, headers = answer if isinstance(answer, tuple) else await answer
        await _send(send, status, body, request_id, headers)
        return status

    async def _refuse(
        self, problem: ProblemError, path: str, send: Send, request_id: str
    ) -> tuple[str, int]:
        """Answer one who is not let in; the route, as far as it may be told, and the status."""
        body = problem.body(request_id)
        for router in self._routers:
            if path.startswith(router.prefix):
                body = router.error_body(problem)
        await _send(send, problem.status, body, request_id, _encoded(problem))
        return path if path in self.endpoints else "unknown", problem.status

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, request_id: str
    ) -> tuple[str, int]:
        """Let the application answer; its route, and the status that it answered."""
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 500, False

        async def marked(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = completed([*message["headers"], _marked(request_id)])
            await send(message)

        try:
            await self.app(scope, receive, marked)
        except asyncio.CancelledError:
            if not started:
                status = 503
                await _send(send, status, _ended().body(request_id), request_id, ())
        except Exception:  # it has answered by its own handler, and raises for us to know
            LOGGER.exception("request %s failed", request_id, extra={"request_id": request_id})
        return getattr(scope.get("route"), "path", "unknown"), status


async def read_body(told: int, receive: Receive, limits: Limits) -> bytes:
    """The whole body, read up to the limit; one that is told to be larger is not read.

    An empty part is how a connection tells that nothing comes.

    Raises:
        ProblemError: it is too large, or does not arrive in time, or ends before its end.
    """
    start, limit = perf_counter(), limits.max_body_bytes
    message = await receive()
    body: bytes = message.get("body", b"")
    parts, size = [body], len(body)
    while max(size, told) <= limit and message.get("more_body", False):
        if perf_counter() - start > limits.body_timeout_s:
            raise limits.too_slow()
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if max(size, told) > limit:
        raise ProblemError(
            413, "body_too_large", f"a body may have {limit:,} bytes; send fewer rows"
        )
    if size < told or message["type"] == "http.disconnect":
        raise ProblemError(400, "body_cut_off", "the connection ended before the body did")
    return body if len(parts) == 1 else b"".join(parts)


def refuse_encoding(encoding: str) -> None:
    """Pass if a body comes as it is: one that unpacks to a thousand times its size is not unpacked.

    Raises:
        ProblemError: it is packed.
    """
    if encoding.lower() != IDENTITY:
        message = f"the body's encoding is {encoding}; send it without Content-Encoding"
        raise ProblemError(415, "unsupported_encoding", message)


def read_head(headers: Headers) -> Head:
    """What is asked of a request's headers; their names are in small letters."""
    request_id, length, encoding, authorization = "", 0, IDENTITY, b""
    for name, value in headers:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(given := value.decode("latin-1")):
            request_id = given
        elif name == b"content-length":
            length = int(value)
        elif name == b"content-encoding":
            encoding = value.decode("latin-1")
        elif name == b"authorization":
            authorization = value
    request_id = request_id or f"{random.getrandbits(128):032x}"
    return Head(request_id, length, encoding, authorization)


def told(error: BaseException, request_id: str) -> Answer:
    """The answer to a request that failed; what nobody foresaw is written to the log."""
    if isinstance(error, asyncio.CancelledError):
        problem = _ended()
    elif isinstance(error, ProblemError):
        problem = error
    else:
        LOGGER.error(
            "request %s failed", request_id, exc_info=error, extra={"request_id": request_id}
        )
        problem = ProblemError(500, "internal", INTERNAL)
    return problem.status, problem.body(request_id), _encoded(problem)


def _ended() -> ProblemError:
    """To a request that is cut off: the server has ended, and no longer waits for it."""
    return ProblemError(503, "ending", "the server has ended; ask again, another answers")


def _tell(request_id: str, route: str, status: int, duration_s: float) -> None:
    duration_ms = round(duration_s * 1e3, 3)
    facts = {"request_id": request_id, "route": route, "status": status, "duration_ms": duration_ms}
    LOGGER.info("%s %s %d in %.1f ms", request_id, route, status, duration_ms, extra=facts)


def _encoded(problem: ProblemError) -> Headers:
    return [(name.encode(), value.encode()) for name, value in problem.headers.items()]


def _marked(request_id: str) -> tuple[bytes, bytes]:
    return b"x-request-id", request_id.encode()


async def _send(send: Send, status: int, body: bytes, request_id: str, more: Headers) -> None:
    headers: list[Any] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        _marked(request_id),
        *ANSWERS,
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
