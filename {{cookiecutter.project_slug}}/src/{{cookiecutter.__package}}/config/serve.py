"""Settings of ``serve.yaml``, each with its meaning, unit and default."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from .section import Positive, Section

Seconds = Annotated[float, Field(gt=0)]


class ServeConfig(Section):
    """``serve.yaml``: the server."""

    bundles: Path = Path("bundles")
    """Where the served pointer and its bundle are read from."""
    log: Path = Path("data/live")
    """Where predictions and labels are appended."""
    on_log_failure: Literal["refuse", "serve"] = "refuse"
    """If a record cannot be written: refuse the request, or answer it and count the lost record."""
    reports: Path | None = Path("reports")
    """Where monitoring writes its metrics, which /metrics shows after its own; null shows none."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens it to the network, and requires a key."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on."""
    http: Literal["httptools", "h11", "zttp"] = "httptools"
    """The HTTP parser: httptools is the fastest; h11 and zttp limit headers."""
    keys: Path | None = Path("keys.txt")
    """File of the API keys' hashes; if it is there, every request needs a key. Null needs none."""
    open: bool = False
    """Whether to listen to other machines without a key; safe only behind your own gateway."""
    workers: Positive = 1
    """Processes that answer on the port; the number of cores is best."""
    drain_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds from SIGTERM, when the server becomes not ready, until it accepts no connection."""
    max_rows: Positive = 10_000
    """Most rows in one request."""
    max_body_bytes: Positive = 16_000_000
    """Largest request body."""
    max_waiting: Positive = 1_000
    """Most requests that wait for an answer; further ones are answered 429."""
    model: str = ""
    """Name of the model to serve; empty means the contract's."""
    reload_s: Seconds = 1.0
    """Seconds between two reads of the served pointer."""
