"""The project's own suite, and its whole path, on more than the default answers.

What a suite sees is what it imports, and of the choices only the version of Python and the options
change a line of that: test_matrix.py holds it. So the suite and the path on the real flights run
once for each version, with all options, in an environment made of that version's own files; in
every other combination of a covering set the tests run that go through all stages or read the
files that choices own. What each option does to the suite is in test_each_option.py.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from conftest import empty, forget_other_environment
from covering import CHOICES, Answers, covering, interpreter, name, together
from predictor import free_port
from rendering import ALL, TEMPLATE, BakedProject, Ran, render

NEWER = CHOICES["python_version"][1:]
STAGES = ("tests/e2e", "tests/deploy", "tests/test_config.py")
SKIPPED = re.compile(r"\b[1-9]\d* (failed|error)")


@pytest.fixture(scope="session")
def of_version(ready: BakedProject) -> dict[str, BakedProject]:
    """Return the projects that have an environment, by version; each is made once."""
    return {CHOICES["python_version"][0]: ready}


def set_up(of_version: dict[str, BakedProject], version: str) -> BakedProject:
    """Return a render with an environment made by its own setup, under a version of Python."""
    if version not in of_version:
        python = interpreter(version)
        if python is None:
            said = f"NOT RUN: no Python {version} on this machine; install one and run this again"
            pytest.skip(said)
        folder = TEMPLATE / "build" / f"tests-{version}"
        if (folder / "flight-delay").is_dir():
            empty(folder / "flight-delay")
        project = render(folder, python_version=version, options=ALL)
        forget_other_environment(project)
        project.run("make", "setup", f"PYTHON={python}", timeout_s=1500)
        of_version[version] = project
    return of_version[version]


def passed(ran: Ran) -> bool:
    """Say whether tests ran, and none failed."""
    return bool(re.search(r"\b[1-9]\d* passed", ran.output)) and not SKIPPED.search(ran.output)


@pytest.mark.parametrize(("n", "most"), [(2, 12), (3, 40)])
def test_any_two_or_three_choices_occur_in_few_combinations(n: int, most: int) -> None:
    chosen = covering(n)
    covered = set().union(*(together(answers, n) for answers in chosen))

    for prompts in itertools.combinations(sorted(CHOICES), n):
        for values in itertools.product(*(CHOICES[prompt] for prompt in prompts)):
            assert tuple(zip(prompts, values, strict=True)) in covered
    assert len(chosen) <= most
    assert set(chosen[0].items()) == {(prompt, choices[0]) for prompt, choices in CHOICES.items()}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("version", NEWER)
def test_checks_and_tests_of_the_project_pass_under_every_version_of_python(
    of_version: dict[str, BakedProject], version: str
) -> None:
    project = set_up(of_version, version)

    assert version in project.run(project.python, "--version").output
    project.run("make", "check", timeout_s=900)
    ran = project.run("make", "test", timeout_s=1800)
    assert passed(ran), str(ran)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("version", NEWER)
def test_the_whole_path_runs_under_every_version_of_python(
    of_version: dict[str, BakedProject], version: str
) -> None:
    project = set_up(of_version, version)

    project.run("make", "demo", f"ARGS=--set serve.port={free_port()}", timeout_s=1200)

    assert list((project.path / "bundles").rglob("model.onnx"))
    assert list((project.path / "reports").rglob("monitoring.html"))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("answers", covering()[1:], ids=name)
def test_the_stages_run_in_every_combination_of_the_covering_set(
    of_version: dict[str, BakedProject], answers: Answers, tmp_path: Path
) -> None:
    python = set_up(of_version, answers["python_version"]).python
    project = render(tmp_path / "out", **answers)

    source = str(project.path / "src")
    there = [stage for stage in STAGES if (project.path / stage).exists()]
    chosen = ("-q", "-n", "2", "-m", "not slow and not model", *there)
    ran = project.run(python, "-m", "pytest", *chosen, PYTHONPATH=source, timeout_s=900)

    assert passed(ran), str(ran)
