"""The ways in which people render: by replay, by their own settings, by another command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
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
