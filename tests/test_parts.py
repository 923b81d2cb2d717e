"""Each part taken out of a render by the project's own command, and the project without any."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from checks import CHECKS, Snapshot, choices
from checks.parts import needing, table
from rendering import BakedProject, copied, render, run

# The rooms in whose tests a part is joined to the rest, beside the settings and the commands.
ROOMS = {
    "tuning": ("training/tracking", "training/kinds", "training/report"),
    "imported": ("training/report", "models"),
    "v2": ("serving",),
    "wandb": ("training/tracking",),
    "explain": ("monitoring/alerts",),
    "page": ("monitoring/test_job.py", "monitoring/alerts"),
    "demo-drift": ("test_demo.py",),
    "evidently": ("monitoring/test_job.py", "monitoring/test_again.py"),
    "estimated": ("monitoring/watches", "monitoring/page"),
    "prometheus": ("monitoring/alerts",),
}
ALWAYS = ("scripts", "test_cli.py", "test_config.py", "test_config_files.py", "test_errors.py")
EVERY_MODULE = """
from importlib import import_module
from pkgutil import walk_packages
import flight_delay
for found in walk_packages(flight_delay.__path__, "flight_delay."):
    if not found.name.endswith(("__main__", "served_by_mlflow")):
        import_module(found.name)
"""


def take_out(project: BakedProject, *names: str) -> None:
    """Take parts out as a person does, with whatever Python there is."""
    project.run(sys.executable, "scripts/remove.py", *names, "--force")


def with_all_that_need_it(name: str) -> tuple[str, ...]:
    """Return a part and those that cannot be without it."""
    return (name, *needing(name))


@pytest.mark.parametrize("name", table())
def test_without_a_part_what_stays_is_whole(
    default: BakedProject, tmp_path: Path, name: str
) -> None:
    project = copied(default, tmp_path)
    names = with_all_that_need_it(name)
    take_out(project, *names)
    left = Snapshot(project.path, project.answers)

    said = [said for check in CHECKS if check is not choices.ownership for said in check(left)]
    assert said == []
    gone = set(default.files()) - set(left.files())
    assert gone == {
        path.relative_to(default.path).as_posix()
        for each in names
        for path in table()[each].paths(default.path)
    }


def test_all_parts_taken_out_by_hand_are_a_core_project(
    default: BakedProject, tmp_path: Path
) -> None:
    project = copied(default, tmp_path / "by hand")
    take_out(project, *table())

    assert project.files() == render(tmp_path / "core", profile="core").files()


def test_one_after_the_other_leaves_what_all_at_once_leave(
    default: BakedProject, tmp_path: Path
) -> None:
    project, other = copied(default, tmp_path / "one by one"), copied(default, tmp_path / "at once")
    for name in sorted(table(), key=lambda name: not table()[name].needs):
        take_out(project, name)
    take_out(other, *table())

    assert project.files() == other.files()


def test_every_part_has_rooms_to_be_tested_in() -> None:
    assert ROOMS.keys() == table().keys()


@pytest.fixture
def judge(ready: BakedProject) -> Callable[[BakedProject], None]:
    """Return what `make check` does, in the environment of another render."""

    def judged(project: BakedProject) -> None:
        tools, source = ready.python.parent, str(project.path / "src")
        project.run(tools / "black", "--check", "--quiet", "src", "tests", "scripts")
        project.run(tools / "ruff", "check", "--quiet", "--no-cache", "src", "tests", "scripts")
        project.run(tools / "mypy", "--cache-dir", ready.path / ".mypy_cache", PYTHONPATH=source)
        project.run(tools / "lint-imports", "--no-cache", PYTHONPATH=source)
        project.run(ready.python, "-c", EVERY_MODULE, PYTHONPATH=source)

    return judged


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", table())
def test_without_a_part_the_tools_and_the_tests_pass(
    default: BakedProject,
    ready: BakedProject,
    judge: Callable[[BakedProject], None],
    tmp_path: Path,
    name: str,
) -> None:
    project = copied(default, tmp_path)
    take_out(project, *with_all_that_need_it(name))
    judge(project)

    rooms = [f"tests/{room}" for room in (*ALWAYS, *ROOMS[name])]
    there = [room for room in rooms if (project.path / room).exists()]
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2")
    chosen = ("-m", "not slow and not model")
    source = str(project.path / "src")
    project.run(ready.python, *command, *chosen, *there, timeout_s=1800, PYTHONPATH=source)


@pytest.mark.long
@pytest.mark.slow
def test_core_passes_everything_in_an_environment_of_its_own(
    ready: BakedProject, tmp_path: Path
) -> None:
    project = render(tmp_path / "out", profile="core")
    project.run("make", "setup", timeout_s=1500)
    fewer, more = distributions(project.python), distributions(ready.python)
    assert not {"optuna", "evidently", "tritonclient"} & fewer
    assert fewer < more

    project.run("make", "check", timeout_s=900)
    project.run("make", "test", timeout_s=1800)
    project.run("make", "demo", timeout_s=1800)
    assert project.run("git", "status", "--porcelain").output == ""


def distributions(python: Path) -> set[str]:
    """Return what an environment holds."""
    script = "import importlib.metadata as m; print(*(d.name.lower() for d in m.distributions()))"
    return set(run(python, "-c", script, cwd=python.parent).output.split())
