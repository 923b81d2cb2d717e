"""Runs the application on a socket of its own, in one process or in several behind it.

Asked to end, a server first lets callers go elsewhere: it is not ready, and closes each connection
with its next answer. ``drain_s`` later it stops to listen, and answers what is in flight. It has
ended ``deadline_s`` and two seconds after that at the latest.
"""

import asyncio
import gc
import math
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn

from ..config import Config, ServeConfig
from ..errors import ConfigError
from ..terminal import say
from .access.guard import refuse_strangers
from .app import create_app
from .http.connection import Connection, Patience
from .http.headers import CLOSE
from .messages import configure
from .readiness import Readiness
from .workers import Workers


class PoliteServer(uvicorn.Server):
    """Leaves no caller alone as it ends, with exit code 0; uvicorn's own does both otherwise."""

    def __init__(self, settings: uvicorn.Config, config: ServeConfig, readiness: Readiness) -> None:
        super().__init__(settings)
        self._readiness = readiness
        self._drain_s = config.drain_s
        self._leaves_at = math.inf
        self._patience = Patience(config.body_timeout_s)
        self._look_every = max(1, min(10, int(config.body_timeout_s)))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load what serves; that stays, so the collector need not look through it ever again."""
        await super().startup(sockets)
        if threading.current_thread() is threading.main_thread():  # the process is its own
            gc.collect()
            gc.freeze()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear signals to the end of the process, so that a late one does not break it off."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Begin to end; the second signal waits neither for new callers nor for what is in flight."""
        if self._readiness.ending:
            self.should_exit = self.force_exit = True
            return
        self._readiness.ending = True
        self.config.encoded_headers.append(CLOSE)
        self.server_state.default_headers.append(CLOSE)
        self._leaves_at = time.monotonic() + self._drain_s
        self.should_exit = not self.started  # nobody has come yet

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop listening; asked ten times a second."""
        if counter % self._look_every == 0:
            self._patience.look(self.server_state.connections)
        return await super().on_tick(counter) or time.monotonic() >= self._leaves_at

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, finish what is in flight, and close the logs in any case."""
        await self._take_in(sockets or [])
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()

    async def _take_in(self, listeners: list[socket.socket]) -> None:
        """Accept whom the system has connected already: closing a listener would reset them."""
        loop = asyncio.get_running_loop()
        for listener in listeners:
            with suppress(OSError):  # nobody is left
                while True:
                    caller, _ = listener.accept()
                    caller.setblocking(False)
                    await loop.connect_accepted_socket(self._connection, caller)

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state)


def serve(config: Config) -> None:
    """Answer until interrupted.

    Raises:
        ConfigError: the address cannot be listened on, or is open to others and there is no API key.
    """
    settings = config.serve
    configure(settings.messages)
    refuse_strangers(settings)
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    workers = f" by {settings.workers} workers" if settings.workers > 1 else ""
    say(
        f"serving   http://{host}:{port}{workers}"
        "  (open it in a browser, or ask /model; stop with Ctrl-C)"
    )
    if settings.workers > 1:
        ends_within_s = settings.drain_s + _finish_s(settings)
        Workers(work, config, listener, ends_within_s).run(settings.workers)
    else:
        work(config, listener)


def work(config: Config, listener: socket.socket) -> None:
    """Answer what comes in on a socket, in this process."""
    configure(config.serve.messages)
    make_server(config).run([listener])


def make_server(config: Config) -> PoliteServer:
    """The server of one process."""
    app = create_app(config)
    settings = uvicorn.Config(
        app,
        http=Connection,
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_finish_s(config.serve),
        ws="none",
    )
    return PoliteServer(settings, config.serve, app.readiness)


def _finish_s(config: ServeConfig) -> int:
    """How long what is in flight may take, once the server has stopped to listen."""
    return math.ceil(config.deadline_s) + 1


def _listen(config: ServeConfig) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in config.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {config.host}:{config.port}: {error.strerror};"
            " choose another with --set serve.port=8001"
        ) from None
    return listener
