"""Ours: the command that a person types, on all cores or on as many as are given."""

import os
from pathlib import Path

from flight_delay.config import ServeConfig
from flight_delay.scoring.job import run


def score(bundles: Path, rows: Path, target: Path, n_cores: int | None = None) -> None:
    """One file to one file."""
    if n_cores is not None:
        os.sched_setaffinity(0, range(n_cores))
    config = ServeConfig(bundles=bundles)
    run(config, "flight-delay", str(rows), target, 1)
