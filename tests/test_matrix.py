"""Every combination of choices, held to every check; what differs between them, to the tools."""

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
from rendering import BakedProject, answers_of_the_template, render

CHOICES = {
    name: choices
    for name, choices in answers_of_the_template().items()
    if isinstance(choices, list)
}
COMBINATIONS = list(itertools.product(*CHOICES.values()))


def find_faults(combination: tuple[str, ...]) -> tuple[list[str], str]:
    """Render a combination; return what is wrong with it, and what the tools would look at."""
    with tempfile.TemporaryDirectory() as folder:
        # Without git on PATH no repository is made, which takes longer than many checks.
        os.environ["PATH"] = folder
        project = render(Path(folder) / "out", **dict(zip(CHOICES, combination, strict=True)))
        return complaints(project), judged(project)


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, ...], tuple[list[str], str]]:
    """Return what is wrong with each combination, by as many processes as there are cores."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return dict(
            zip(COMBINATIONS, pool.map(find_faults, COMBINATIONS, chunksize=3), strict=True)
        )


def judged(project: BakedProject) -> str:
    """Return a digest of what black, ruff, mypy and import-linter look at."""
    digest = hashlib.sha256(repr(tomllib.loads(project.read("pyproject.toml"))["tool"]).encode())
    for path, content in project.files().items():
        if path.endswith(".py"):
            digest.update(path.encode() + content)
    return digest.hexdigest()


@pytest.mark.parametrize("combination", COMBINATIONS, ids="-".join)
def test_every_combination_keeps_every_rule(
    found: dict[tuple[str, ...], tuple[list[str], str]], combination: tuple[str, ...]
) -> None:
    complained, _ = found[combination]

    assert complained == []


JUDGED = list(itertools.product(CHOICES["python_version"], CHOICES["profile"]))


def test_no_choice_but_python_and_profile_changes_what_the_tools_judge(
    found: dict[tuple[str, ...], tuple[list[str], str]],
) -> None:
    # So they are run once for each pair: the first by `make check`, the others below.
    version, profile = (list(CHOICES).index(name) for name in ("python_version", "profile"))
    seen = {(given[version], given[profile], digest) for given, (_, digest) in found.items()}

    assert sorted(pair for *pair, _ in seen) == sorted(map(list, JUDGED))


@pytest.mark.parametrize(("version", "profile"), JUDGED[1:])
def test_format_lint_types_and_contracts_hold_for_every_content(
    ready: BakedProject, tmp_path: Path, version: str, profile: str
) -> None:
    # With the first pair, `make check` has run in test_generated_project.py.
    project = render(tmp_path / "out", python_version=version, profile=profile)
    tools, source = ready.python.parent, str(project.path / "src")

    project.run(tools / "black", "--check", "--quiet", "src", "tests", "scripts")
    project.run(tools / "ruff", "check", "--quiet", "--no-cache", "src", "tests", "scripts")
    cache = ("--cache-dir", ready.path / ".mypy_cache")
    project.run(tools / "mypy", *cache, PYTHONPATH=source, timeout_s=600)
    project.run(tools / "lint-imports", "--no-cache", PYTHONPATH=source)
