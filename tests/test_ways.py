"""The ways in which people render: by replay, by their settings, other commands and Pythons."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from checks.pipelines import tool
from covering import CHOICES, interpreter
from rendering import IDENTITY, TEMPLATE, Ran, run

COOKIECUTTER = (sys.executable, "-m", "cookiecutter", str(TEMPLATE))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home of nobody's, for settings and records."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def ask(home: Path, output: Path, *options: str, check: bool = True) -> Ran:
    """Render by the command line, with the settings of a home."""
    output.mkdir(exist_ok=True)
    environment: dict[str, Any] = IDENTITY | {"HOME": str(home), "PWD": str(output)}
    return run(*COOKIECUTTER, *options, cwd=output, check=check, **environment)


def test_a_replay_gives_the_same_project_without_asking(home: Path, tmp_path: Path) -> None:
    answers = ("project_name=Night Owl", "ci=none", "deployment=none", "license=Proprietary")
    ask(home, tmp_path / "first", "--no-input", *answers)
    ask(home, tmp_path / "second", "--replay")

    first, second = (
        {
            file.relative_to(folder): file.read_bytes()
            for file in (folder / "night-owl").rglob("*")
            if file.is_file() and ".git" not in file.parts
        }
        for folder in (tmp_path / "first", tmp_path / "second")
    )
    assert first == second
    assert Path("night-owl/LICENSE") in first


def test_answers_in_a_persons_own_settings_are_taken(home: Path, tmp_path: Path) -> None:
    answers = {"full_name": "Ada Lovelace", "email": "ada@example.org", "license": "BSD-3-Clause"}
    (home / ".cookiecutterrc").write_text(json.dumps({"default_context": answers}))

    ask(home, tmp_path / "out", "--no-input")

    licence = (tmp_path / "out" / "flight-delay" / "LICENSE").read_text("utf-8")
    assert licence.startswith("BSD 3-Clause License\n\nCopyright (c) Ada Lovelace\n")


def test_a_refusal_at_the_command_line_says_why_and_leaves_nothing(
    home: Path, tmp_path: Path
) -> None:
    ran = ask(home, tmp_path / "out", "--no-input", "project_slug=torch", check=False)

    assert ran.exit_code != 0
    assert "project_slug was given as 'torch': it would hide torch" in ran.output
    assert "Nothing was written. Run the same command again." in ran.output
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_is_there_already_is_left_as_it_is(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "flight-delay" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")

    ran = ask(home, tmp_path / "out", "--no-input", check=False)

    assert ran.exit_code != 0
    assert "already exists" in ran.output
    assert [file.name for file in mine.parent.iterdir()] == ["mine.txt"]


def pinned(distribution: str) -> str:
    """Return a requirement of the version in constraints.txt."""
    lines = (TEMPLATE / "constraints.txt").read_text("utf-8").splitlines()
    (pin,) = (line.split(";")[0].strip() for line in lines if line.startswith(f"{distribution}=="))
    return pin


def python_of(version: str) -> Path:
    """Return a Python of a version; where there is none, the test says so and is skipped."""
    found = interpreter(version)
    if found is None:
        pytest.skip(f"NOT RUN: no Python {version} on this machine")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("version", CHOICES["python_version"])
@pytest.mark.parametrize(
    "program", [("uv", "tool", "run", "--from"), ("pipx", "run", "--spec")], ids=["uvx", "pipx"]
)
def test_it_is_rendered_with_every_version_of_python(
    version: str, program: tuple[str, ...], home: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    command = (tool(program[0]), *program[1:], pinned("cookiecutter"))
    folders = {"PIPX_HOME": str(home / "pipx"), "PIPX_BIN_DIR": str(home / "bin")}
    environment: dict[str, Any] = IDENTITY | folders | {"HOME": str(home), "PWD": str(output)}
    with_python = ("--python", python_of(version), "cookiecutter", str(TEMPLATE), "--no-input")
    ran = run(*command, *with_python, cwd=output, **environment)

    assert ran.output.split()[-5:] == ["Next:", "cd", "flight-delay", "make", "demo"]
    assert (output / "flight-delay" / "pyproject.toml").is_file()
    assert (output / "flight-delay" / ".git").is_dir()
