"""Each option alone, and the project without any: the tools and the tests, in one environment.

That of `ready` holds what all options need. With all of them, test_generated_project.py runs the
project's own `make check` and `make test`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from checks.options import owners
from rendering import NONE, OPTIONS, Bake, BakedProject, copied, render, run

IMPORT = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
# The program itself, and what MLflow imports where it serves.
NO_MODULES = ("__main__", "served_by_mlflow")
FAST = "not slow and not model"


def run_in(project: BakedProject, ready: BakedProject, *command: str | Path) -> None:
    """Run a program of another render's environment on a project, and leave nothing in it."""
    program, *arguments = command
    project.run(
        ready.python.with_name(str(program)),
        *arguments,
        timeout_s=1800,
        PYTHONPATH=str(project.path / "src"),
        PYTHONDONTWRITEBYTECODE="yes",
    )


def changed_modules(project: BakedProject, judged: BakedProject) -> list[str]:
    """Return the modules that another render does not have, to the letter."""
    known = judged.files()
    return [
        path
        for path, content in project.files().items()
        if path.endswith(".py") and known.get(path) != content
    ]


def test_without_any_option_format_lint_and_contracts_hold(
    core: BakedProject, ready: BakedProject
) -> None:
    run_in(core, ready, "black", "--check", "--quiet", "src", "tests", "scripts")
    run_in(core, ready, "ruff", "check", "--quiet", "--no-cache", "src", "tests", "scripts")
    run_in(core, ready, "lint-imports", "--no-cache")


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_alone_keeps_format_lint_and_contracts(
    with_options: Bake, whole: BakedProject, ready: BakedProject, name: str
) -> None:
    project = with_options(name)
    # `make check` has judged the format of all modules that are the same with all options.
    run_in(project, ready, "black", "--check", "--quiet", *changed_modules(project, whole))
    run_in(project, ready, "ruff", "check", "--quiet", "--no-cache", "src", "tests", "scripts")
    run_in(project, ready, "lint-imports", "--no-cache")


@pytest.mark.slow
@pytest.mark.parametrize("options", [NONE, *OPTIONS])
def test_types_hold(with_options: Bake, ready: BakedProject, options: str) -> None:
    # The cache knows modules by what they hold: what all options have in common is judged once.
    cache = ("--cache-dir", ready.path / ".mypy_cache")
    run_in(with_options(options), ready, "mypy", *cache)


def test_without_any_option_every_module_can_be_imported(
    core: BakedProject, ready: BakedProject
) -> None:
    run_in(core, ready, "python", "-c", IMPORT, *importable(core.files()))


def importable(paths: Iterable[str]) -> list[str]:
    """Return the names of the package's modules among some files."""
    names = (
        path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in paths
        if path.startswith("src/") and path.endswith(".py")
    )
    return [name for name in names if not name.endswith(NO_MODULES)]


@pytest.mark.long  # with all options they run in `make test` of the project
@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_alone_passes_its_own_tests(
    with_options: Bake, ready: BakedProject, tmp_path: Path, name: str
) -> None:
    project = copied(with_options(name), tmp_path)
    own = [path for path in project.files() if is_test(path) and name in owners(path)]

    run_in(project, ready, "pytest", "-q", "-n", "2", "-m", FAST, *own)


def is_test(path: str) -> bool:
    """Say whether pytest collects a file."""
    return path.startswith("tests/") and path.rpartition("/")[2].startswith("test_")


@pytest.mark.slow
def test_without_any_option_the_projects_own_tests_pass(
    core: BakedProject, ready: BakedProject, tmp_path: Path
) -> None:
    run_in(copied(core, tmp_path), ready, "pytest", "-q", "-n", "2", "-m", FAST)


@pytest.mark.long
@pytest.mark.slow
def test_without_any_option_a_smaller_environment_is_enough(
    ready: BakedProject, tmp_path: Path
) -> None:
    project = render(tmp_path / "out", options=NONE)
    project.run("make", "setup", timeout_s=1500)
    fewer, more = distributions(project.python), distributions(ready.python)
    assert fewer < more
    assert not {"optuna", "tritonclient"} & fewer

    project.run("make", "check", timeout_s=900)
    project.run("make", "test", timeout_s=1800)
    project.run("make", "demo", timeout_s=1800)
    assert project.run("git", "status", "--porcelain").output == ""


def distributions(python: Path) -> set[str]:
    """Return what an environment holds."""
    script = "import importlib.metadata as m; print(*(d.name.lower() for d in m.distributions()))"
    return set(run(python, "-c", script, cwd=python.parent).output.split())
