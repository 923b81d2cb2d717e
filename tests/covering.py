"""A few combinations in which any two or three choices occur, and interpreters to run them."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from rendering import ALL, NONE, answers_of_the_template

# Every choice; of the options those by default, all, and none.
CHOICES = {
    name: choices
    for name, choices in answers_of_the_template().items()
    if isinstance(choices, list)
} | {"options": [str(answers_of_the_template()["options"]), ALL, NONE]}
Answers = dict[str, str]
Values = tuple[str, ...]
Choice = tuple[tuple[str, str], ...]
N_ORDERS = 10


def together(answers: Answers, n: int) -> set[Choice]:
    """Return each so many of the answers."""
    return set(itertools.combinations(sorted(answers.items()), n))


@cache
def covering(n: int = 2) -> tuple[Answers, ...]:
    """Return few combinations in which each so many choices occur together, the default first."""
    every = {
        values: together(dict(zip(CHOICES, values, strict=True)), n)
        for values in itertools.product(*CHOICES.values())
    }
    # Which of equally good ones comes first decides how many it takes: the best of some orders.
    draws = map(random.Random, range(N_ORDERS))
    orders = [draw.sample(list(every), len(every)) for draw in draws]
    best = min((greedy(next(iter(every)), order, every) for order in orders), key=len)
    return tuple(dict(zip(CHOICES, values, strict=True)) for values in best)


def greedy(first: Values, order: list[Values], every: dict[Values, set[Choice]]) -> list[Values]:
    """Return combinations, each with the most choices together that none before it has."""
    chosen = [first]
    missing = set().union(*every.values()) - every[first]
    while missing:
        chosen.append(max(order, key=lambda values: len(every[values] & missing)))
        missing -= every[chosen[-1]]
    return chosen


def name(answers: Answers) -> str:
    """Return what a combination is called in pytest's output."""
    *others, options = answers.values()
    return "-".join([*others, options.replace(", ", "+") or "none"])


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
