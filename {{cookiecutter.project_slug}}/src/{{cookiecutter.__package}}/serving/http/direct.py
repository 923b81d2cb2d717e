"""Requests of the busy paths as most clients send them, from a connection's bytes to its bytes.

An ASGI server makes a scope, a task and three messages for a request, which together cost more than
its prediction. A request that needs nothing of the kind is answered without: its connection hands
the body to the edge, and writes what comes back. All others take the usual way, as does one whose
body has not come whole.
"""

from collections.abc import Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from .edge import Answer, Endpoint, Head
from .headers import ANSWERS, CLOSE, Header


class Unheard:
    """Stands for the event that wakes a task of uvicorn's; here none waits."""

    def set(self) -> None:
        """Wake nobody."""


class Direct:
    """One request; it stands where uvicorn has its cycle, and is told what happens as that is."""

    __slots__ = (
        "body",
        "disconnected",
        "endpoint",
        "head",
        "keep_alive",
        "more_body",
        "path",
        "response_complete",
        "start",
    )
    message_event = Unheard()

    def __init__(self, endpoint: Endpoint, path: str, head: Head, start: float) -> None:
        self.endpoint = endpoint
        self.path = path
        self.head = head
        self.start = start
        self.body = b""
        self.more_body = True
        self.response_complete = False
        self.keep_alive = True
        self.disconnected = False


class Heads:
    """Makes answers' heads; what all share is put together once, and again when the date moves."""

    def __init__(self) -> None:
        self._given: Sequence[Header] | None = None
        self._shared = b""

    def whole(
        self, answer: Answer, request_id: str, given: Sequence[Header], *, closes: bool
    ) -> bytes:
        """Head and body; ``given`` are the server's own headers, another list when they change."""
        if given is not self._given:
            shared = [(b"content-type", b"application/json"), *ANSWERS, *given]
            self._shared = _lines([header for header in shared if header != CLOSE])
            self._given = given
        status, body, headers = answer
        more = [header for header in headers if header != CLOSE] if headers else []
        return b"%b%bcontent-length: %d\r\nx-request-id: %b\r\n%b\r\n%b" % (
            STATUS_LINE[status],
            self._shared,
            len(body),
            request_id.encode(),
            _lines([*more, CLOSE] if closes else more) if more or closes else b"",
            body,
        )


def _lines(headers: Sequence[Header]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
