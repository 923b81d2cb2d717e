"""Environments of their own: one for each peer, and the project's as it is put to serve."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from measuring import HERE, WORK
from projects import PROJECT

FOLDER = WORK / "environments"


@cache
def environment_of(name: str, folder: Path = HERE / "servers") -> Path:
    """A fresh environment of what <folder>/<name>.txt names; its interpreter."""
    return _environment(name, "--requirement", folder / f"{name}.txt")


def serving_environment() -> Path:
    """The project with nothing optional, as `pip install .` would; the interpreter."""
    constraints = ("--constraint", PROJECT / "constraints.txt")
    return _environment("project", *constraints, "--reinstall-package", "flight-delay", PROJECT)


def size_mb(python: Path) -> float:
    """Megabytes of an environment's files."""
    files = (file for file in python.parents[1].rglob("*") if not file.is_symlink())
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _environment(name: str, *wanted: str | Path) -> Path:
    print(f"environment  {name}", flush=True)
    uv = shutil.which("uv") or PROJECT / ".venv" / "bin" / "uv"
    folder = FOLDER / name
    python = folder / "bin" / "python"
    make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder]
    install = [uv, "pip", "install", "--quiet", "--python", python, *wanted]
    for command in (make, install):
        subprocess.run([str(part) for part in command], check=True)
    return python
