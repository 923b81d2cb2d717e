"""Renders the default project, sets it up with its peers, and runs benchmarks in its environment.

Run: make benchmark, or python benchmarks/run.py [--quick] [NAME ...], of the names in BENCHMARKS.

Needs the standard library, and cookiecutter and make on PATH. The project and every file that is
measured lie in build/benchmarks; each benchmark writes its section of BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE.parent
PROJECT = TEMPLATE / "build" / "benchmarks" / "flight-delay"
PYTHON = PROJECT / ".venv" / "bin" / "python"
REQUIREMENTS = HERE / "requirements.txt"
BENCHMARKS = ("etl", "formats", "adopt", "loop", "models", "defaults", "serve", "score", "monitor")
# What make, a shell or a virtual environment around us would leak into the project.
LEAKS = ("VIRTUAL_ENV", "PYTHON", "MAKE", "MFLAGS", "GNUMAKEFLAGS")


def main() -> int:
    """Run what was asked for, everything without a name; a failed command ends this."""
    parser = argparse.ArgumentParser(description="Measure the rendered project beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument(
        "--quick", action="store_true", help="few rows, one round, shown and not written"
    )
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(BENCHMARKS)):
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are: {BENCHMARKS}")
    try:
        render()
        set_up()
        for name in given.names or BENCHMARKS:
            options = ["--quick"] if given.quick else []
            run(PYTHON, HERE / f"{name}.py", *options)
    except subprocess.CalledProcessError as error:
        print(f"error: {' '.join(error.cmd)} failed; see above", file=sys.stderr)
        return error.returncode
    return 0


def render() -> None:
    """Render anew, but keep the environment of the last time: making it takes minutes."""
    PROJECT.mkdir(parents=True, exist_ok=True)
    for entry in PROJECT.iterdir():
        if entry.name != ".venv":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    answers = ["--no-input", "--default-config", "--overwrite-if-exists"]
    run("cookiecutter", TEMPLATE, *answers, "--output-dir", PROJECT.parent)


def set_up() -> None:
    """Set the project up by its own command, then add the peers at their pinned versions."""
    run("make", "-C", PROJECT, "setup")
    uv = shutil.which("uv") or PROJECT / ".venv" / "bin" / "uv"
    install = [uv, "pip", "install", "--quiet", "--python", PYTHON]
    run(*install, "--constraint", PROJECT / "constraints.txt", "--requirement", REQUIREMENTS)


def run(*command: str | Path) -> None:
    """Run a command, showing what it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEAKS)}
    subprocess.run([str(part) for part in command], env=kept, check=True)


if __name__ == "__main__":
    sys.exit(main())
