"""Combinations in which any three choices occur, held to every check that runs no project."""

from __future__ import annotations

import hashlib
import itertools
import os
import tempfile
import tomllib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from checks import complaints
from covering import CHOICES, Answers, covering, name
from rendering import ALL, BakedProject, render

COMBINATIONS = {name(answers): answers for answers in covering(3)}
# By what the tools judge; test_each_option.py does it for the first version of Python.
CONTENTS = list(itertools.product(CHOICES["python_version"], CHOICES["options"]))


def judge(answers: Answers) -> tuple[list[str], str]:
    """Render a combination; return what is wrong with it, and what the tools would look at."""
    with tempfile.TemporaryDirectory() as folder:
        # Without git on PATH no repository is made, which takes longer than many checks.
        os.environ["PATH"] = folder
        project = render(Path(folder) / "out", **answers)
        return complaints(project), content_for_tools(project)


@pytest.fixture(scope="module")
def judgements() -> dict[str, tuple[list[str], str]]:
    """Return what is wrong with each combination, by as many processes as there are cores."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(judge, COMBINATIONS.values(), chunksize=3)
        return dict(zip(COMBINATIONS, results, strict=True))


def content_for_tools(project: BakedProject) -> str:
    """Return a digest of what black, ruff, mypy and import-linter look at."""
    digest = hashlib.sha256(repr(tomllib.loads(project.read("pyproject.toml"))["tool"]).encode())
    for path, content in project.files().items():
        if path.endswith(".py"):
            digest.update(path.encode() + content)
    return digest.hexdigest()


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_every_combination_keeps_every_rule(
    judgements: dict[str, tuple[list[str], str]], combination: str
) -> None:
    complained, _ = judgements[combination]

    assert complained == []


def test_only_python_and_the_options_change_what_the_tools_judge(
    judgements: dict[str, tuple[list[str], str]],
) -> None:
    contents = {
        (answers["python_version"], answers["options"], judgements[combination][1])
        for combination, answers in COMBINATIONS.items()
    }

    assert sorted(pair for *pair, _ in contents) == sorted(map(list, CONTENTS))


@pytest.mark.parametrize("version", CHOICES["python_version"][1:])
def test_format_lint_and_contracts_hold_for_every_version_of_python(
    ready: BakedProject, tmp_path: Path, version: str
) -> None:
    # Types are checked under that version itself, in test_covering.py.
    project = render(tmp_path / "out", python_version=version, options=ALL)
    tools, source = ready.python.parent, str(project.path / "src")

    project.run(tools / "black", "--check", "--quiet", "src", "tests", "scripts")
    project.run(tools / "ruff", "check", "--quiet", "--no-cache", "src", "tests", "scripts")
    project.run(tools / "lint-imports", "--no-cache", PYTHONPATH=source)
