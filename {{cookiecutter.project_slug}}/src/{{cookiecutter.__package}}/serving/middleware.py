"""Around the application: gives each request an id, guards and counts it, and answers the busy paths.

A framework's routing, dependencies and response classes cost more than a prediction. The paths that
carry the load are answered from bytes to bytes here; all others go on to the framework.
"""

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..config import ServeConfig
from .auth import Guard
from .metrics import Metrics
from .problems import ProblemError
from .seams import Readiness, Router

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
CLOSE = (b"connection", b"close")
ANSWERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
"""Of every answer: a browser does no more with it than reading."""
OTHERS = (
    *ANSWERS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
)
"""Of all but predictions; a page has a policy of its own."""
INTERNAL = "the server failed; its log tells why under this request_id"
LOGGER = logging.getLogger(__name__)
Endpoint = Callable[[bytes, str], Awaitable[bytes]]
"""From a body and the request's id to the answer's JSON."""
Headers = Mapping[bytes, bytes]


class Middleware:
    """An ASGI application around another."""

    def __init__(
        self,
        app: ASGIApp,
        busy: Mapping[str, Endpoint],
        config: ServeConfig,
        metrics: Metrics,
        guard: Guard,
        readiness: Readiness,
        routers: Sequence[Router],
    ) -> None:
        """``busy`` paths are answered here; ``app`` answers the rest."""
        self._app = app
        self._busy = busy
        self._config = config
        self._metrics = metrics
        self._guard = guard
        self._readiness = readiness
        self._routers = routers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass a lifespan on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, path, status = perf_counter(), scope["path"], 0
        headers: Headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        known = REQUEST_ID.fullmatch(given) is not None
        request_id = given.decode() if known else f"{random.getrandbits(128):032x}"
        scope.setdefault("state", {})["request_id"] = request_id

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._completed(message["headers"], path, request_id)
            await send(message)

        try:
            self._guard.check(scope["method"], path, headers)
            if path in self._busy:
                body = await self._answer(scope, headers, receive, request_id)
                await send_json(marked, 200, body)
            else:
                await self._app(scope, receive, marked)
        except ProblemError as problem:
            await send_json(marked, problem.status, self._body(problem, path, request_id), problem)
        except Exception:
            LOGGER.exception("request %s failed", request_id, extra={"request_id": request_id})
            if not status:
                body = ProblemError("internal", INTERNAL).body(request_id)
                await send_json(marked, 500, body)
        finally:
            route = path if path in self._busy else getattr(scope.get("route"), "path", "unknown")
            self._count(request_id, route, status or 499, perf_counter() - start)

    async def _answer(
        self, scope: Scope, headers: Headers, receive: Receive, request_id: str
    ) -> bytes:
        if scope["method"] != "POST":
            message = "Method Not Allowed: use POST"
            raise ProblemError("method_not_allowed", message, headers={"allow": "POST"})
        body = await read_body(headers, receive, self._config)
        return await self._busy[scope["path"]](body, request_id)

    def _completed(self, headers: Any, path: str, request_id: str) -> list[tuple[bytes, bytes]]:
        """An answer's headers with ours."""
        names = {name for name, _ in headers}
        ours = ANSWERS if path in self._busy else OTHERS
        more = [header for header in ours if header[0] not in names]
        closing = [CLOSE] if self._readiness.ending and b"connection" not in names else []
        return [*headers, (b"x-request-id", request_id.encode()), *more, *closing]

    def _body(self, problem: ProblemError, path: str, request_id: str) -> bytes:
        for router in self._routers:
            if path.startswith(router.prefix):
                return router.error_body(problem)
        return problem.body(request_id)

    def _count(self, request_id: str, route: str, status: int, duration_s: float) -> None:
        self._metrics.answered(route, status, duration_s)
        if self._config.access_log:
            ms = round(duration_s * 1e3, 3)
            fields = {"request_id": request_id, "route": route, "status": status, "duration_ms": ms}
            LOGGER.info("%s %s %d in %.1f ms", request_id, route, status, ms, extra=fields)


async def read_body(headers: Headers, receive: Receive, config: ServeConfig) -> bytes:
    """The whole body; one that says it is too large is never asked for, so no 100 Continue is sent.

    Raises:
        ProblemError: it is too large or compressed, does not arrive in time, or ends before its end.
    """
    limit, body = config.max_body_bytes, bytearray()
    close = {"connection": "close"}
    length = headers.get(b"content-length", b"0")
    too_large = ProblemError(
        "body_too_large", f"a body may have {limit:,} bytes; send fewer rows", headers=close
    )
    if not length.isdigit() or int(length) > limit:
        raise too_large
    if (encoding := headers.get(b"content-encoding", b"identity").lower()) != b"identity":
        text = f"the body's encoding is {encoding[:20].decode('latin-1')}; send it as it is"
        raise ProblemError("unsupported_encoding", text, headers=close)
    if b"upgrade" in headers and config.http == "httptools":
        text = "send the request without the header Upgrade: its body would be lost"
        raise ProblemError("upgrade_refused", text, headers=close)
    try:
        async with asyncio.timeout(config.body_timeout_s):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if len(body) > limit:
                    raise too_large
                if message["type"] == "http.disconnect":
                    raise ProblemError("body_cut_off", "the connection ended before the body did")
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        text = f"the body did not arrive within {config.body_timeout_s:g} s"
        raise ProblemError("body_too_slow", text, headers=close) from None


async def send_json(
    send: Send, status: int, body: bytes, problem: ProblemError | None = None
) -> None:
    """Answer with JSON, and the headers of a problem."""
    more = problem.headers.items() if problem else ()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode(), value.encode()) for name, value in more),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
