"""Ours: the command that a person types, on all cores or on as many threads as are given."""

from pathlib import Path

from flight_delay.config import ServeConfig
from flight_delay.serving.score.job import run
from flight_delay.serving.score.source import Ask


def score(bundles: Path, rows: Path, target: Path, n_threads: int | None = None) -> None:
    """One file to one file."""
    config = ServeConfig(bundles=bundles, batch_threads=n_threads)
    run(config, "flight-delay", Ask(where=str(rows)), target, 1)
