"""A connection that answers the busy paths itself, and waits for no client for ever."""

import asyncio
import time
from asyncio import CancelledError
from collections.abc import Iterable
from time import perf_counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .direct import Direct, Heads
from .edge import IDENTITY, Answer, Edge, read_head, told
from .headers import CLOSE

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


HEADS = Heads()


class Connection(HttpToolsProtocol):
    """uvicorn's, but for requests that need no more than an answer to their body."""

    app: Edge
    cycle: Any
    """What uvicorn knows of a request: a cycle of its own, or one that is direct."""
    tasks: Any
    transport: Any

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put what gathers writes before the socket."""
        gathering: Any = Gathering(transport, self.loop)
        super().connection_made(gathering)
        self._beyond: tuple[Any, int] = (None, 0)

    def data_received(self, data: bytes) -> None:
        """Read, and count what has come without a request to put it to."""
        before = self.cycle
        idle = before is None or before.response_complete
        super().data_received(data)
        if idle and self.cycle is before:
            self._count(len(data))
        if type(self.cycle) is Direct and self.cycle.more_body and not self.transport.is_closing():
            self._wait_for_the_rest(self.cycle.body)

    def on_message_begin(self) -> None:
        """Begin without a scope, which only the usual way needs."""
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Choose the way of a request."""
        direct = self._direct()
        if direct is not None:
            self.cycle = direct
        else:
            self._go_the_usual_way()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of a body."""
        if type(self.cycle) is Direct:
            self.cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer what has come whole."""
        direct = self.cycle
        if type(direct) is not Direct:
            super().on_message_complete()
            return
        direct.more_body = False
        request_id = direct.head.request_id
        refusal = self.app.guard.refusal(direct.path, direct.head.authorization, direct.start)
        if refusal is not None:
            answer: Any = told(refusal, request_id)
        else:
            answer = self.app.answer(direct.endpoint, direct.body, request_id)
        if isinstance(answer, tuple):
            self._send(direct, answer)
        else:
            task = self.loop.create_task(answer)
            self.tasks.add(task)
            task.add_done_callback(lambda _: self._send_later(direct, task))

    def waits(self) -> bool:
        """Whether it is the client's turn: to send its request to the end, or to take the answer."""
        if self.cycle is None or self.transport.is_closing() or self.flow.write_paused:
            return True
        if self.cycle.response_complete:
            return self.timeout_keep_alive_task is None  # else it is idle, which has its own end
        return bool(self.cycle.more_body)

    def give_up(self) -> None:
        """Wait no longer: whoever reads a body looks at the clock, and answers; the rest is closed."""
        if self.transport.is_closing() or self.flow.write_paused:
            self.transport.abort()
        elif self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.message_event.set()

    def _direct(self) -> Direct | None:
        """The request that begins, if it is of a busy path and there is nothing else about it."""
        start, path, edge = perf_counter(), self.url.decode("latin-1"), self.app
        endpoint = edge.endpoints.get(path)
        if (
            endpoint is None
            or self.expect_100_continue
            or self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
            or self.parser.should_upgrade()
            or not self.parser.should_keep_alive()
            or not (self.cycle is None or self.cycle.response_complete)
            or self.flow.write_paused
            or edge.readiness.ending
        ):
            return None
        head = read_head(self.headers)
        plain = 0 < head.length <= edge.limits.max_body_bytes and head.encoding == IDENTITY
        return Direct(endpoint, path, head, start) if plain else None

    def _go_the_usual_way(self) -> None:
        url, headers, expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expected
        self.headers.extend(headers)
        super().on_headers_complete()

    def _wait_for_the_rest(self, body: bytes) -> None:
        """Let a task wait for a body that has not come whole."""
        self.cycle.response_complete = True
        self._go_the_usual_way()
        super().on_body(body)

    def _send_later(self, direct: Direct, task: "asyncio.Task[Answer]") -> None:
        self.tasks.discard(task)
        if task.cancelled():  # before it began
            self._send(direct, told(CancelledError(), direct.head.request_id))
        else:
            self._send(direct, task.result())

    def _send(self, direct: Direct, answer: Answer) -> None:
        """Write an answer; what can be done once it has left is."""
        direct.more_body, direct.response_complete = False, True
        duration_s = perf_counter() - direct.start
        if not self.transport.is_closing():
            ends = self.app.readiness.ending or not direct.keep_alive or CLOSE in answer[2]
            given = self.server_state.default_headers
            self.transport.send(HEADS.whole(answer, direct.head.request_id, given, closes=ends))
            if ends:
                self.transport.close()
        if self.pipeline:
            self.on_response_complete()
        self.loop.call_soon(self._sent, direct, answer[0], duration_s)

    def _sent(self, direct: Direct, status: int, duration_s: float) -> None:
        self.app.answered(direct.head.request_id, direct.path, status, duration_s)
        if self.cycle is direct:  # else another has come, whose end this is not
            self.on_response_complete()

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

    def send(self, data: bytes) -> None:
        """Send this at once, after what was kept."""
        kept, self._kept = self._kept, b""
        self._transport.write(kept + data)

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
