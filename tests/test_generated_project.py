"""The rendered project judged by its own tools, in an environment made by its own setup."""

from __future__ import annotations

import re
import sys
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from rendering import ALL, TEMPLATE, Bake, BakedProject, Ran, load_hook, run

HEAVY = {"torch", "mlflow", "pandas", "scikit-learn", "ibis-framework", "duckdb"}


def test_setup_a_second_time_has_nothing_to_do(ready: BakedProject) -> None:
    ready.run("make", "setup", timeout_s=120)


def test_checks_are_strict(ready: BakedProject) -> None:
    recipe = ready.run("make", "--dry-run", "check").output
    settings = tomllib.loads(ready.read("pyproject.toml"))["tool"]

    for command in (r"black --check", r"ruff check", r"mypy", r"lint-?imports|import-linter"):
        assert re.search(command, recipe), command
    assert "|| true" not in recipe
    assert settings["mypy"]["strict"] is True
    assert "--exit-zero" not in recipe


def test_format_lint_types_and_import_contracts_hold(ready: BakedProject) -> None:
    ready.run("make", "check", timeout_s=600)


def test_the_templates_own_sources_are_linted_and_typed_through_a_link(
    ready: BakedProject, tmp_path: Path
) -> None:
    # Whoever edits the template sees faults where they are, by a name that Python takes.
    package = tmp_path / "src" / "flight_delay"
    package.parent.mkdir()
    package.symlink_to(
        TEMPLATE / "{{cookiecutter.project_slug}}" / "src" / "{{cookiecutter.__package}}"
    )
    tools, settings = ready.python.parent, ready.path / "pyproject.toml"
    n_modules = len(list(package.resolve().rglob("*.py")))

    look = (tools / "ruff", "check", "--no-cache", "--config", settings)
    seen = run(*look, "--show-files", package, cwd=tmp_path).output.splitlines()
    assert len(seen) == n_modules
    run(*look, package, cwd=tmp_path)
    cache = ("--cache-dir", ready.path / ".mypy_cache")  # as it is when `make check` has run
    said = run(tools / "mypy", "--config-file", settings, *cache, package, cwd=tmp_path)
    assert f"no issues found in {n_modules} source files" in said.output


def test_the_projects_own_tests_pass(ready: BakedProject) -> None:
    ran = ready.run("make", "test", timeout_s=900)

    assert re.search(r"\b[1-9]\d* passed", ran.output), str(ran)
    assert not re.search(r"\b[1-9]\d* (failed|error)", ran.output), str(ran)


@pytest.mark.slow
def test_the_projects_own_slow_tests_pass(ready: BakedProject) -> None:
    # This extra setup leaves out; with it, and with Java, nothing slow is skipped.
    install = ("uv", "pip", "install", "--quiet", "--python", str(ready.python))
    ready.run(*install, "--constraint", "constraints.txt", "--editable", ".[pyspark]")

    ran = ready.run("make", "test-slow", timeout_s=2700)

    assert re.search(r"\b[1-9]\d* passed", ran.output), str(ran)
    skipped = "".join(re.findall(r"SKIPPED.*", ran.output))
    assert "pyspark" not in skipped, str(ran)


def test_nothing_that_setup_checks_or_tests_leave_behind_wants_to_be_committed(
    ready: BakedProject,
) -> None:
    assert ready.run("git", "status", "--porcelain").output == ""


@pytest.mark.parametrize("slug", ["a", "zebra-zoo", "f" * 50])
def test_format_and_lint_hold_under_every_name(ready: BakedProject, bake: Bake, slug: str) -> None:
    # The name stands in import lines: their order and their length depend on it. src/ has none.
    project = bake(project_slug=slug, options=ALL, full_name='Ann "O\'Neil" \\ 🛫')

    project.run(ready.python, "-m", "black", "--check", "--quiet", "--diff", "tests", "scripts")
    project.run(ready.python, "-m", "ruff", "check", "--no-cache", ".")


@pytest.fixture(scope="module")
def names(ready: BakedProject) -> set[str]:
    """Return what the environment holds, by distribution name and by import name."""
    script = (
        "import re; from importlib.metadata import distributions, packages_distributions;"
        "names = [d.name for d in distributions()] + list(packages_distributions());"
        "print(*(re.sub('[-_.]+', '_', name).lower() for name in names))"
    )
    return set(ready.run(ready.python, "-c", script).output.split())


def test_everything_that_the_environment_holds_is_a_refused_name(names: set[str]) -> None:
    pre_gen = load_hook("pre_gen_project")
    # mypyc names the libraries that it makes after a hash.
    others = {name for name in names if not name.endswith("_mypyc")} - {"flight_delay"}

    assert len(others) > 100
    assert {name for name in others if pre_gen.slug_fault(name.replace("_", "-")) is None} == set()


def test_without_being_asked_for_no_gpu_library_is_installed(names: set[str]) -> None:
    gpu = re.compile(r"nvidia|cuda|triton(?!client|grpcclient|httpclient|shmutils)")
    assert {name for name in names if gpu.match(name)} == set()


def metadata(wheel: Path) -> Message:
    """Return what the wheel says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def test_the_wheel_holds_every_module_and_nothing_else(wheel: Path, ready: BakedProject) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    source = ready.path / "src"
    files = (
        file for file in source.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )

    assert inside == {file.relative_to(source).as_posix() for file in files}


def test_the_wheel_says_what_the_answers_said(wheel: Path) -> None:
    said = metadata(wheel)

    assert said["Name"] == "flight-delay"
    assert said["Requires-Python"] == ">=3.11"
    assert said["License-Expression"] == "MIT"
    assert "you@example.com" in said["Author-email"]


def test_the_installed_command_runs_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    for command in (
        ["-m", "flight_delay", "--help"],
        ["-P", "-m", "flight_delay", "serve", "--help"],
    ):
        run(installed, *command, cwd=tmp_path)
    run(installed.with_name("flight-delay"), "--help", cwd=tmp_path)


def test_an_environment_that_only_serves_holds_no_heavy_library(installed: Path) -> None:
    listing = ["-m", "pip", "--python", str(installed), "freeze"]
    pins = run(sys.executable, *listing, cwd=TEMPLATE).output
    held = {name.lower() for name in re.findall(r"^([\w.-]+)(?:==| @)", pins, re.MULTILINE)}

    assert "onnxruntime" in held
    assert held & HEAVY == set()


def without_extra(installed: Path, ready: BakedProject, *command: str) -> Ran:
    """Run a command of the wheel that needs an extra, in the project's folder."""
    return run(installed, "-P", "-m", "flight_delay", *command, cwd=ready.path, check=False)


@pytest.mark.parametrize("command", ["data", "train"])
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    installed: Path, ready: BakedProject, command: str
) -> None:
    ran = without_extra(installed, ready, command)

    assert ran.exit_code == 2, str(ran)
    assert re.search(r"pip install .*\[\w+\]", ran.output), str(ran)
    assert "Traceback" not in ran.output


def test_every_command_that_a_page_names_exists(ready: BakedProject) -> None:
    # Records tell what was decided then, also of commands that are gone.
    pages = [
        page
        for folder in (ready.path, TEMPLATE)
        for page in (folder / "README.md", *(folder / "docs").rglob("*.md"))
        if page.parent.name != "decisions"
    ]
    text = "".join(page.read_text("utf-8") for page in pages)
    typed = r"(?:-m flight_delay|^flight-delay) ([a-z][a-z-]*)"
    named = set(re.findall(typed, text, re.MULTILINE))
    made = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, re.MULTILINE))
    help_ = ready.run(ready.python, "-m", "flight_delay", "--help").output
    commands = set(re.findall(r"^\W*([a-z][a-z-]*)  ", help_, re.MULTILINE))
    makefiles = ready.read("Makefile") + (TEMPLATE / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefiles, re.MULTILINE))

    assert named - commands == set()
    assert made - targets - commands == set()


def test_an_unknown_setting_is_refused_with_a_clear_message(ready: BakedProject) -> None:
    setting = ("--set", "train.epochz=3")
    ran = ready.run(ready.python, "-m", "flight_delay", "train", *setting, check=False)

    assert ran.exit_code == 2, str(ran)
    assert "train.epochz" in ran.output
    assert "Traceback" not in ran.output
