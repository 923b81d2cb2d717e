"""A connection that sends an answer's head and body in one piece, and waits for no client for ever."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SILENT_S = 0.5
"""How long a connection that has come as the server ends may keep it waiting for a request."""
HEAD_BYTES = 65_536
"""Largest head of a request; the parser knows no limit."""
REST_BYTES = 2**26
"""Largest rest of a body that has been refused; as much is read for the answer to be seen."""
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class Connection(HttpToolsProtocol):
    """uvicorn's, which writes the head and the body apart: two system calls, and two packets."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put what gathers writes before the socket."""
        gathering: Any = Gathering(transport, self.loop)
        super().connection_made(gathering)
        self._beyond: tuple[Any, int] = (None, 0)

    def data_received(self, data: bytes) -> None:
        """Read, and count what has come without a request to put it to."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._count(len(data))

    def waits(self) -> bool:
        """Whether it is the client's turn: to send its request to the end, or to take the answer."""
        if self.cycle is None or self.transport.is_closing() or self.flow.write_paused:
            return True
        if self.cycle.response_complete:
            return self.timeout_keep_alive_task is None  # else it is idle, which has its own end
        return self.cycle.more_body

    def give_up(self) -> None:
        """Wait no longer: whoever reads a body looks at the clock, and answers; the rest is closed."""
        if self.transport.is_closing() or self.flow.write_paused:
            self.transport.abort()
        elif self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.message_event.set()

    def _count(self, n_bytes: int) -> None:
        cycle, before = self._beyond
        before = before if cycle is self.cycle else 0
        self._beyond = (self.cycle, before + n_bytes)
        of_body = self.cycle is not None and self.cycle.more_body
        if before + n_bytes > (REST_BYTES if of_body else HEAD_BYTES):
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def shutdown(self) -> None:
        """Close as soon as nothing is in flight; who has just come may ask once.

        Its request is on the way, and closing would reset it.
        """
        if self.cycle is None:
            self.loop.call_later(SILENT_S, self._close_if_silent)
        else:
            super().shutdown()

    def _close_if_silent(self) -> None:
        if self.cycle is None:
            self.transport.close()


class Gathering:
    """A transport that keeps a write until the next one, or until the loop's turn ends."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._kept = b""

    def write(self, data: bytes) -> None:
        """Keep this, or send it with what was kept."""
        if self._kept:
            kept, self._kept = self._kept, b""
            self._transport.write(kept + data)
        else:
            self._kept = data
            self._loop.call_soon(self._send)

    def close(self) -> None:
        """Send what is kept, and close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._kept:
            kept, self._kept = self._kept, b""
            self._transport.write(kept)

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        return getattr(self._transport, name)


class Patience:
    """Ends connections whose clients let the server wait.

    Looked at now and then; a request that comes and goes in between costs nothing.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._since: dict[Connection, tuple[Any, float]] = {}

    def look(self, connections: Iterable[Any]) -> None:
        """Give those up that have waited for the same thing since ``limit_s``."""
        now, since = time.monotonic(), {}
        for connection in [one for one in connections if one.waits()]:
            cycle, start = self._since.get(connection, (None, now))
            start = start if cycle is connection.cycle else now
            since[connection] = (connection.cycle, start)
            if now - start > self._limit_s:
                connection.give_up()
        self._since = since
