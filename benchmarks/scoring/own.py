"""Ours: the command that a person types, on all cores or on as many threads as are given."""

from pathlib import Path

from flight_delay.config import ServeConfig
from flight_delay.scoring.job import run


def score(bundles: Path, rows: Path, target: Path, n_threads: int | None = None) -> None:
    """One file to one file."""
    config = ServeConfig(bundles=bundles, batch_threads=n_threads)
    run(config, "flight-delay", str(rows), target, 1)
