"""Settings of ``serve.yaml``, each with its meaning, unit and default."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from .section import Fraction, Positive, Section


class ServeConfig(Section):
    """``serve.yaml``: the predictor."""

    bundles: Path = Path("bundles")
    """Where the served pointer and its bundle are read from."""
    log: Path = Path("data/live")
    """Where predictions and labels are appended."""
    log_fsync: bool = False
    """Whether what is logged is on the disk before its answer leaves, and so survives a loss of power."""
    on_log_failure: Literal["refuse", "serve"] = "refuse"
    """Where the log takes no records: refuse predictions, or serve them and count what was lost."""
    log_days: Positive | None = None
    """Days that `logs compact` keeps besides the present one; null keeps all."""
    reports: Path | None = Path("reports")
    """Where monitoring writes its summaries, the newest of which the page shows; null shows none."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens it to the network."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on."""
    workers: Positive = 1
    """Processes that answer on the port; as many as there are cores answer most."""
    max_rows: Positive = 10_000
    """Most rows in one request."""
    max_body_bytes: Positive = 16_000_000
    """Largest request body."""
    model: str | None = None
    """Name of the model to serve; null takes the only one below bundles."""
    reload_s: Annotated[float, Field(gt=0)] = 1.0
    """Seconds between looks at the served pointer."""
    batch_rows: Positive = 500_000
    """Rows of a part of batch scoring: as many are held in memory, and scored again after a kill."""
    batch_threads: Positive | None = None
    """Threads that score a batch; null takes every core."""
    max_rejected_fraction: Fraction = 0.05
    """Share of the rows to score that may be quarantined; above it, there is no output."""
