"""Runs the application by uvicorn, in one process or in several.

Asked to end, a server first lets callers go elsewhere: it is not ready, and closes each connection
with its next answer. ``drain_s`` later it stops to listen, and answers what is in flight.
"""

import json
import math
import os
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from ..config import Config, ServeConfig
from ..errors import ConfigError
from ..terminal import say
from .app import PARENT, SETTINGS, create_app
from .auth import require_keys
from .metrics import FOLDER
from .middleware import BODY_TIMEOUT_S

COUNTER_BYTES = 4 << 20  # that a worker's counters may need
LOG_CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING"},
        __name__.partition(".")[0]: {"handlers": ["stderr"], "level": "INFO"},
    },
}
"""Messages go to standard error."""


def serve(settings: Config) -> None:
    """Answer until interrupted; raises ``ProjectError`` for settings that cannot be followed."""
    config = settings.serve
    require_keys(config)
    if find_spec(config.http) is None:
        what_to_do = f"install it with: pip install {config.http}"
        raise ConfigError(f"serve.http: {config.http} is not installed; {what_to_do}")
    with _listener(config) as listener:
        host = f"[{config.host}]" if ":" in config.host else config.host
        workers = f" by {config.workers} workers" if config.workers > 1 else ""
        say(
            f"serving   http://{host}:{listener.getsockname()[1]}{workers}"
            "  (open it in a browser, or ask /model; stop with Ctrl-C)"
        )
        _run(settings, listener)


def _run(settings: Config, listener: socket.socket) -> None:
    config = settings.serve
    content = {"serve": config.model_dump(mode="json"), "options": settings.options}
    os.environ[SETTINGS] = json.dumps(content)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again at its end
    with tempfile.TemporaryDirectory(prefix="metrics-") as counters, suppress(KeyboardInterrupt):
        factory = f"{create_app.__module__}:{create_app.__name__}"
        how = uvicorn.Config(factory, factory=True, **options(config))
        if config.workers == 1:
            uvicorn.Server(how).run([listener])
            return
        if shutil.disk_usage(counters).free < config.workers * COUNTER_BYTES:
            text = f"the disk of '{counters}' is full, and workers count there"
            raise ConfigError(f"{text}; set TMPDIR, or --set serve.workers=1")
        os.environ[FOLDER], os.environ[PARENT] = counters, str(os.getpid())
        Multiprocess(how, [listener]).run()


def options(config: ServeConfig) -> dict[str, Any]:
    """How uvicorn is run."""
    return {
        "host": config.host,
        "port": config.port,
        "workers": config.workers,
        "http": config.http,
        "ws": "none",
        "access_log": False,
        "log_config": LOG_CONFIG,
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": math.ceil(BODY_TIMEOUT_S) + 1,
    }


def _listener(config: ServeConfig) -> socket.socket:
    """A socket that listens; who connects before a worker is ready waits for it."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        text = f"cannot listen on {config.host}:{config.port}: {error.strerror}"
        raise ConfigError(f"{text}; choose another with --set serve.port=8001") from None
