"""Around the application: gives each request an id, guards and counts it, and answers the busy paths.

A framework's routing, dependencies and response classes cost more than a prediction. The paths that
carry the load are answered from bytes to bytes here; all others go on to the framework.
"""

import asyncio
import logging
import random
import re
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..config import ServeConfig
from .auth import Headers
from .problems import ProblemError, json_response
from .service import FEEDBACK, PREDICT, Service

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
BODY_TIMEOUT_S = 10.0
CLOSE = {"connection": "close"}
POLICY = (
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    b" connect-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:"
)
"""A page loads this server's own files alone; Swagger's styles hold images."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", POLICY),
)
"""Of every answer: a browser does no more with it than reading."""
INTERNAL = "the server failed; its log tells why under this request_id"
LOGGER = logging.getLogger(__name__)


class Middleware:
    """An ASGI application around another; the busy paths are answered here."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._busy = {PREDICT: service.predict, FEEDBACK: service.feedback}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass a lifespan on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, path, status = perf_counter(), scope["path"], 0
        headers: Headers = dict(scope["headers"])
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._completed(message["headers"], request_id)
            await send(message)

        try:
            self._service.guard.check(scope["method"], path, headers)
            if path in self._busy:
                if scope["method"] != "POST":
                    text = "Method Not Allowed: use POST"
                    raise ProblemError("method_not_allowed", text, headers={"allow": "POST"})
                body = await read_body(headers, receive, self._service.config)
                answer = json_response(await self._busy[path](body, request_id))
                await answer(scope, receive, send_marked)
            else:
                await self._app(scope, receive, send_marked)
        except Exception as error:
            if not isinstance(error, ProblemError):
                LOGGER.exception("request %s failed", request_id)
                error = ProblemError("internal", INTERNAL)
            if not status:
                await self._service.refusal(error, path, request_id)(scope, receive, send_marked)
        finally:
            route = path if path in self._busy else getattr(scope.get("route"), "path", "unknown")
            self._service.metrics.answered(route, status or 499, perf_counter() - start)

    def _completed(self, headers: Any, request_id: str) -> list[tuple[bytes, bytes]]:
        """An answer's headers with ours."""
        close = (b"connection", b"close")
        closing = [close] if self._service.draining and close not in headers else []
        return [*headers, (b"x-request-id", request_id.encode()), *HEADERS, *closing]


def _request_id(headers: Headers) -> str:
    """The caller's own, or a new one where none is given, or one that is no name."""
    sent = headers.get(b"x-request-id", b"")
    return sent.decode() if REQUEST_ID.fullmatch(sent) else f"{random.getrandbits(128):032x}"


async def read_body(headers: Headers, receive: Receive, config: ServeConfig) -> bytes:
    """The whole body; one that is refused by the head is never asked for, so no 100 Continue is sent."""
    _check_head(headers, config)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                part = await receive()
                if part["type"] == "http.disconnect":
                    raise ProblemError("body_cut_off", "the connection ended before the body did")
                body += part.get("body", b"")
                if len(body) > config.max_body_bytes:
                    raise _too_large(config)
                if not part.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        text = f"the body did not arrive within {BODY_TIMEOUT_S:g} s"
        raise ProblemError("body_too_slow", text, headers=CLOSE) from None


def _check_head(headers: Headers, config: ServeConfig) -> None:
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > config.max_body_bytes:
        raise _too_large(config)
    if (encoding := headers.get(b"content-encoding", b"identity").lower()) != b"identity":
        text = f"the body's encoding is {encoding[:20].decode('latin-1')}; send it as it is"
        raise ProblemError("unsupported_encoding", text, headers=CLOSE)
    if b"upgrade" in headers and config.http == "httptools":
        text = "send the request without the header Upgrade: its body would be lost"
        raise ProblemError("upgrade_refused", text, headers=CLOSE)


def _too_large(config: ServeConfig) -> ProblemError:
    message = f"a body may have {config.max_body_bytes:,} bytes; send fewer rows"
    return ProblemError("body_too_large", message, headers=CLOSE)
