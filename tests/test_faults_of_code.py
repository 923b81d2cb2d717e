"""Faults planted into a render's code: the project's own tools fail, and say where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rendering import BakedProject, Ran, copied

JUDGES = {
    "a failing test": (
        "tests/test_values.py",
        "\n\ndef test_planted() -> None:\n    assert 1 + 1 == 3\n",
        ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_values.py"),
        r"test_values\.py:\d+: AssertionError",
    ),
    "another format": (
        "src/flight_delay/values.py",
        "\nPLANTED = {'a':1}\n",
        ("-m", "black", "--check", "src/flight_delay/values.py"),
        r"would reformat .*values\.py",
    ),
    "an unused import": (
        "src/flight_delay/values.py",
        "\nimport socket\n",
        ("-m", "ruff", "check", "--no-cache", "src/flight_delay/values.py"),
        r"values\.py:\d+",
    ),
    "a wrong type": (
        "src/flight_delay/errors.py",
        '\nPLANTED: int = "text"\n',
        ("-m", "mypy", "src/flight_delay/errors.py"),
        r"errors\.py:\d+: error: Incompatible types",
    ),
    "an import against the stream": (
        "src/flight_delay/errors.py",
        "\nfrom .serving import app as planted  # noqa: E402, F401\n",
        ("-c", "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"),
        r"flight_delay\.errors -> flight_delay\.serving\.app \(l\.\d+\)",
    ),
}


@pytest.mark.parametrize("fault", JUDGES)
def test_a_planted_fault_fails_the_projects_own_tools(
    whole: BakedProject, ready: BakedProject, tmp_path: Path, fault: str
) -> None:
    path, planted, command, says = JUDGES[fault]
    project = copied(whole, tmp_path)
    file = project.path / path
    file.write_text(file.read_text("utf-8") + planted, "utf-8")
    cache = str(ready.path / ".mypy_cache")

    ran: Ran = project.run(
        ready.python,
        *command,
        check=False,
        PYTHONPATH=str(project.path / "src"),
        MYPY_CACHE_DIR=cache,
    )

    assert ran.exit_code != 0, str(ran)
    assert re.search(says, ran.output), str(ran)
