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
    """Where the log takes no records: refuse predictions, or serve them and count what was lost."""
    reports: Path | None = Path("reports")
    """Where monitoring writes its figures, which /metrics shows behind its own; null shows none."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens it to the network, which takes a key."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on."""
    http: Literal["httptools", "h11", "zttp"] = "httptools"
    """What parses HTTP: httptools is fastest; h11 and zttp bound headers (rotate-keys says when)."""
    keys: Path | None = Path("keys.txt")
    """File of the API keys' hashes; where it is, keys are demanded. Null demands none."""
    open: bool = False
    """Whether to listen to other machines without a key. Unsafe, but behind a gateway of yours."""
    workers: Positive = 1
    """Processes that answer on the port; as many as there are cores answer most."""
    drain_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds between SIGTERM, from when on readiness is false, and the end of listening."""
    max_rows: Positive = 10_000
    """Most rows in one request."""
    max_body_bytes: Positive = 16_000_000
    """Largest request body."""
    max_waiting: Positive = 1_000
    """Most requests that have arrived and are not answered; more are answered 429."""
    model: str = ""
    """Name of the model to serve; empty takes the contract's."""
    reload_s: Seconds = 1.0
    """Seconds between looks at the served pointer."""
