"""Runs the application on a socket of its own."""

import socket
from types import FrameType

import uvicorn

from ..config import ServeConfig
from ..errors import ConfigError
from ..terminal import say
from .app import create_app


class PoliteServer(uvicorn.Server):
    """Ends with exit code 0 when it is asked to; uvicorn's own raises the signal again at its end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Finish what is in flight; the second signal does not wait for it."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(config: ServeConfig) -> None:
    """Answer until interrupted.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    listener = _listen(config)
    host, port = listener.getsockname()[:2]
    app = create_app(config)
    say(f"serving   http://{host}:{port}  (try /docs, /model, /health/ready; stop with Ctrl-C)")
    PoliteServer(uvicorn.Config(app, log_level="warning", access_log=False)).run([listener])


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
