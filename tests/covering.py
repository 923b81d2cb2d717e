"""A few combinations in which each pair of choices occurs, and interpreters to run them."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from rendering import answers_of_the_template

CHOICES = {
    name: choices
    for name, choices in answers_of_the_template().items()
    if isinstance(choices, list)
}
Answers = dict[str, str]


def pairs(answers: Answers) -> set[tuple[tuple[str, str], ...]]:
    """Return each two of the answers."""
    return set(itertools.combinations(sorted(answers.items()), 2))


@cache
def covering() -> tuple[Answers, ...]:
    """Return combinations, the default first, each with the most pairs that none before it has."""
    every = [
        dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())
    ]
    missing = set().union(*map(pairs, every)) - pairs(every[0])
    chosen = [every[0]]
    while missing:
        best = max(every, key=lambda answers: len(pairs(answers) & missing))
        missing -= pairs(best)
        chosen.append(best)
    return tuple(chosen)


@cache
def interpreter(version: str) -> Path | None:
    """Return a Python of a version that this machine has; nothing is downloaded."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    command = ["uv", "python", "find", "--no-project", "--system", version]
    found = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    candidates = [Path(found.stdout.strip())] if found.returncode == 0 else []
    # pyenv keeps those that are not chosen off PATH: its programs then only say so.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    if named := shutil.which(f"python{version}"):
        candidates.append(Path(named))
    return next((path for path in candidates if is_version(path, version)), None)


def is_version(python: Path, version: str) -> bool:
    """Say whether a program is a Python of a version."""
    script = "import sys, ssl, sqlite3; print('%d.%d' % sys.version_info[:2])"
    try:
        ran = subprocess.run(
            [python, "-c", script], check=False, capture_output=True, text=True, timeout=60
        )
    except OSError:
        return False
    return ran.returncode == 0 and ran.stdout.strip() == version
