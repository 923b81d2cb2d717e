"""Copies of the rendered project, each for a table of its own, and their commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from made import MADE, WIDE
from measuring import WORK
from real import REAL

PROJECT = WORK / "flight-delay"


def project_for(name: str, n_rows: int, folder: Path = WORK / "tables") -> Path:
    """A copy of the project with a dataset: of a table by its name, else of the flights."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("configs", "src", "tests"):
        shutil.copytree(PROJECT / part, folder / part)
    shutil.copy(PROJECT / ".rendered.json", folder)
    tables = {**MADE, **WIDE}
    if name in tables:
        tables[name](np.random.default_rng(0), n_rows).to_csv(folder / "rows.csv", index=False)
        command(folder, "adopt", "rows.csv", "--target", "target")
    elif name in REAL:
        REAL[name].frame().to_csv(folder / "rows.csv", index=False)
        command(folder, "adopt", "rows.csv", "--target", REAL[name].target)
    command(folder, "data")
    return folder


def command(folder: Path, *arguments: str) -> None:
    """A command of the project; its own words only where it fails."""
    given = {**os.environ, "PYTHONPATH": str(folder / "src")}
    line = [sys.executable, "-m", "flight_delay", *arguments]
    done = subprocess.run(line, cwd=folder, env=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
