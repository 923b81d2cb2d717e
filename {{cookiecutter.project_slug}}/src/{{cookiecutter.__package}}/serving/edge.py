"""Where requests come in: gives each an id, counts it, and answers the busy paths itself.

A framework's routing, dependency injection and response classes cost more than a prediction. The
few paths that carry the load are answered from bytes to bytes here; all others go on to it.
"""

import logging
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any

from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .guard import Guard
from .headers import ANSWERS, completed
from .metrics import Metrics
from .problems import INTERNAL, ProblemError

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LOGGER = logging.getLogger("uvicorn.error")
Endpoint = Callable[[bytes, str], Awaitable[bytes]]
"""From a body and the request's id to the answer's JSON; raises ``ProblemError`` to refuse."""
Headers = list[tuple[bytes, bytes]]


class Edge:
    """An ASGI application around another."""

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Mapping[str, Endpoint],
        metrics: Metrics,
        guard: Guard,
        max_body_bytes: int,
    ) -> None:
        """``endpoints`` are answered here, each at its path by POST; ``app`` answers the rest."""
        self.app = app
        self._guard = guard
        self._endpoints = endpoints
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass a lifespan on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = perf_counter()
        request_id, length, authorization = _head(scope["headers"])
        endpoint = self._endpoints.get(scope["path"])
        if refusal := self._guard.refusal(scope["path"], authorization, start):
            route, status = await self._refuse(refusal, scope["path"], send, request_id)
        elif endpoint is None:
            route, status = await self._pass_on(scope, receive, send, request_id)
        else:
            route = scope["path"]
            head = scope["method"], request_id, length
            status = await self._answer(endpoint, head, receive, send)
        self._metrics.answered(route, status, perf_counter() - start)

    async def _answer(
        self, endpoint: Endpoint, head: tuple[str, str, int], receive: Receive, send: Send
    ) -> int:
        method, request_id, length = head
        status, headers = 200, []
        try:
            if method != "POST":
                headers = [(b"allow", b"POST")]
                raise ProblemError(405, "method_not_allowed", "Method Not Allowed: use POST")
            body = await endpoint(
                await read_body(length, receive, self._max_body_bytes), request_id
            )
        except ProblemError as problem:
            status, body = problem.status, problem.body(request_id)
        except Exception:
            LOGGER.exception("request %s failed", request_id)
            status, body = 500, ProblemError(500, "internal", INTERNAL).body(request_id)
        await _send(send, status, body, request_id, headers)
        return status

    async def _refuse(
        self, problem: ProblemError, path: str, send: Send, request_id: str
    ) -> tuple[str, int]:
        """Answer one who is not let in; the route, as far as it may be told, and the status."""
        body = problem.body(request_id)
        if path.startswith("/v2"):  # a protocol with a shape of its own
            body = to_json({"error": str(problem)})
        headers = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
        await _send(send, problem.status, body, request_id, headers)
        return path if path in self._endpoints else "unknown", problem.status

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, request_id: str
    ) -> tuple[str, int]:
        """Let the application answer; its route, and the status that it answered."""
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = completed([*message["headers"], _marked(request_id)])
            await send(message)

        try:
            await self.app(scope, receive, marked)
        except Exception:  # it has answered by its own handler, and raises for us to know
            LOGGER.exception("request %s failed", request_id)
        return getattr(scope.get("route"), "path", "unknown"), status


async def read_body(told: int, receive: Receive, limit: int) -> bytes:
    """The whole body, read up to the limit; one that is told to be larger is not read.

    Raises:
        ProblemError: it has more than ``limit`` bytes.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    parts, size = [body], len(body)
    while max(size, told) <= limit and message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if max(size, told) > limit:
        raise ProblemError(
            413, "body_too_large", f"a body may have {limit:,} bytes; send fewer rows"
        )
    return body if len(parts) == 1 else b"".join(parts)


def _head(headers: Headers) -> tuple[str, int, bytes]:
    """The request's id, the caller's or one made here; the body's length; who says to be there."""
    request_id, length, authorization = "", 0, b""
    for name, value in headers:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(given := value.decode("latin-1")):
            request_id = given
        elif name == b"content-length":
            length = int(value)
        elif name == b"authorization":
            authorization = value
    return request_id or f"{random.getrandbits(128):032x}", length, authorization


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
