"""A connection that sends an answer's head and body in one piece."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


SILENT_S = 0.5
"""How long a connection that has come as the server ends may keep it waiting for a request."""


class Connection(HttpToolsProtocol):
    """uvicorn's, which writes the head and the body apart: two system calls, and two packets."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put what gathers writes before the socket."""
        gathering: Any = Gathering(transport, self.loop)
        super().connection_made(gathering)

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
