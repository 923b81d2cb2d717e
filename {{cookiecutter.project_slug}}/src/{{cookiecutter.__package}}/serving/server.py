"""Runs the application on a socket of its own, in one process or in several behind it."""

import gc
import socket
from types import FrameType

import uvicorn

from ..config import ServeConfig
from ..errors import ConfigError
from ..terminal import say
from .app import create_app
from .connection import Connection
from .guard import refuse_strangers
from .workers import Workers


class PoliteServer(uvicorn.Server):
    """Ends with exit code 0 when it is asked to; uvicorn's own raises the signal again at its end."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load what serves; that stays, so the collector need not look through it ever again."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Finish what is in flight; the second signal does not wait for it."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(config: ServeConfig) -> None:
    """Answer until interrupted.

    Raises:
        ConfigError: the address cannot be listened on, or is open to others and there is no key.
    """
    refuse_strangers(config)
    listener = _listen(config)
    host, port = listener.getsockname()[:2]
    workers = f" by {config.workers} workers" if config.workers > 1 else ""
    say(
        f"serving   http://{host}:{port}{workers}"
        "  (open it in a browser, or ask /model; stop with Ctrl-C)"
    )
    if config.workers > 1:
        Workers(work, config, listener).run(config.workers)
    else:
        work(config, listener)


def work(config: ServeConfig, listener: socket.socket) -> None:
    """Answer what comes in on a socket, in this process."""
    settings = uvicorn.Config(
        create_app(config),
        http=Connection,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        ws="none",
    )
    PoliteServer(settings).run([listener])


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
