"""Renders the template as a person would, and runs commands in what comes out."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from cookiecutter.main import cookiecutter
from jinja2 import Environment

TEMPLATE = Path(__file__).parents[1]
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"

# What a shell, make, pytest or a virtual environment around us would leak into a project.
LEAKS = ("VIRTUAL_ENV", "PYTHON", "PYTEST_", "COV_", "COVERAGE_", "MAKE", "MFLAGS", "GNUMAKEFLAGS")
# Where CI is set, a project refuses a model made by an adopted contract that nobody has committed.
NAMED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "CI")
# A person's name for the first commit, so that nothing depends on this machine's git settings.
IDENTITY = {
    "GIT_AUTHOR_NAME": "Harness",
    "GIT_AUTHOR_EMAIL": "harness@example.com",
    "GIT_COMMITTER_NAME": "Harness",
    "GIT_COMMITTER_EMAIL": "harness@example.com",
}


CONTEXT: dict[str, Any] = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
# Every option with those that it needs.
OPTIONS: dict[str, list[str]] = CONTEXT["_options"]
ALL, NONE = "all", ""


def answers_of_the_template() -> dict[str, str | list[str]]:
    """Return every prompt with its default or its choices."""
    return {name: value for name, value in CONTEXT.items() if not name.startswith("_")}


def answers_of_options() -> dict[str, list[str]]:
    """Return every option, with those that it needs."""
    context = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
    options: dict[str, list[str]] = context["_options"]
    return options


def load_hook(name: str) -> ModuleType:
    """Import a hook as it stands in the template: its Jinja is inside a function, in a string."""
    specification = importlib.util.spec_from_file_location(name, TEMPLATE / "hooks" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def reject_unknown(answers: Mapping[str, str]) -> None:
    """Fail for an answer to no prompt: cookiecutter ignores it, and a typo would test nothing."""
    unknown = sorted(set(answers) - set(answers_of_the_template()))
    assert not unknown, f"no prompt is called {', '.join(unknown)}"


# What a text compiles to depends on the text and the syntax alone; it is most of a render's time.
COMPILE: Callable[..., object] = Environment.compile
compiled: dict[tuple[object, ...], object] = {}


def compile_once(environment: Environment, source: str, *names: str | None) -> object:
    """Compile a text as Jinja does, unless a render before has."""
    syntax = (environment.line_statement_prefix, environment.trim_blocks, environment.lstrip_blocks)
    key = (source, *names, *syntax)
    if key not in compiled:
        compiled[key] = COMPILE(environment, source, *names)
    return compiled[key]


def render(output_dir: Path, **answers: str) -> BakedProject:
    """Render the template into a folder, apart from the settings of whoever runs the tests."""
    reject_unknown(answers)
    output_dir.mkdir(parents=True, exist_ok=True)
    settings = write_settings(output_dir.parent / f"{output_dir.name}-cookiecutter")
    with patch.object(Environment, "compile", compile_once):
        path = cookiecutter(
            str(TEMPLATE),
            no_input=True,
            extra_context=answers,
            output_dir=str(output_dir),
            overwrite_if_exists=True,
            config_file=str(settings),
        )
    return BakedProject(Path(path), answers)


def write_settings(folder: Path) -> Path:
    """Write a cookiecutter configuration of our own, which keeps its records out of the home."""
    folder.mkdir(exist_ok=True)
    records = {"replay_dir": str(folder), "cookiecutters_dir": str(folder)}
    settings = folder / "settings.yaml"
    settings.write_text(json.dumps(records), encoding="utf-8")  # JSON is YAML
    return settings


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without what would leak into a project."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(LEAKS) and name not in NAMED
    }
    return kept | extra


def run(
    *command: str | Path, cwd: Path, check: bool = True, timeout_s: float = 900, **env: str
) -> Ran:
    """Run a command to its end; a failure shows everything that it printed.

    The command has a process group of its own, so that a timeout ends its children, too.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\n[stopped after {timeout_s} s]"
    ran = Ran(tuple(str(part) for part in command), process.returncode, output)
    assert not check or ran.exit_code == 0, str(ran)
    return ran


@dataclass(frozen=True)
class Ran:
    """A command that ended, with everything that it printed."""

    command: tuple[str, ...]
    exit_code: int
    output: str

    def __str__(self) -> str:
        """Show the command, its exit code and its whole output."""
        return f"{' '.join(self.command)}\nexit code {self.exit_code}\n{self.output}"


@dataclass(frozen=True)
class BakedProject:
    """A rendered project and the answers that were given for it."""

    path: Path
    answers: Mapping[str, str]

    def run(self, *command: str | Path, **options: object) -> Ran:
        """Run a command in the project, with the options of `run`."""
        return run(*command, cwd=self.path, **options)  # type: ignore[arg-type]

    @property
    def all_answers(self) -> dict[str, str]:
        """The answers, those by default included; only the texts that another one gives are raw."""
        prompts = answers_of_the_template().items()
        first = {name: each if isinstance(each, str) else each[0] for name, each in prompts}
        return first | dict(self.answers)

    @property
    def options(self) -> set[str]:
        """The options that were chosen, and those that they need."""
        names = self.all_answers["options"].replace(",", " ").split()
        chosen = set(OPTIONS) if ALL in names else set(names)
        return chosen.union(*(OPTIONS[name] for name in chosen))

    @property
    def package(self) -> Path:
        """The folder of the project's one package."""
        (package,) = (folder for folder in (self.path / "src").iterdir() if folder.is_dir())
        return package

    @property
    def python(self) -> Path:
        """The interpreter of the project's own environment."""
        folder, name = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
        return self.path / ".venv" / folder / name

    def files(self) -> dict[str, bytes]:
        """Return every file of the render by its path, without the git history."""
        return {
            file.relative_to(self.path).as_posix(): file.read_bytes()
            for file in sorted(self.path.rglob("*"))
            if file.is_file() and ".git" not in file.relative_to(self.path).parts
        }

    def read(self, path: str) -> str:
        """Return the text of one file."""
        return (self.path / path).read_text("utf-8")


Bake = Callable[..., BakedProject]


def copied(project: BakedProject, folder: Path) -> BakedProject:
    """Return a copy of a render, without its history."""
    target = folder / project.path.name
    shutil.copytree(project.path, target, ignore=shutil.ignore_patterns(".git"))
    return BakedProject(target, project.answers)


def last_line(ran: Ran) -> str:
    """Return the last line that says something."""
    return [line for line in ran.output.splitlines() if line.strip()][-1]


def current_dataset(project: BakedProject) -> Path:
    """Return the folder of the dataset version that is current."""
    datasets = project.path / "data" / "datasets"
    return datasets / (datasets / "current").read_text().strip()
