"""Fixtures: `bake` renders anew; the others are renders that many tests look at."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import venv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from rendering import ALL, IDENTITY, NONE, TEMPLATE, Bake, BakedProject, Ran, render, run

# The environment and the type checker's cache are kept from one session to the next, as long as
# these files are the same: making them anew takes minutes. `make clean` removes them.
KEPT = {".venv", ".mypy_cache"}
DESCRIBE_ENVIRONMENT = ("pyproject.toml", "constraints.txt", "scripts/setup.py")


@pytest.fixture(autouse=True, scope="session")
def identity() -> Iterator[None]:
    """Let git commit under a name that depends on no machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in IDENTITY.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def bake(tmp_path: Path) -> Bake:
    """Return a function that renders the template; an answer to no prompt is an error."""

    def baked(folder: str = "rendered", **answers: str) -> BakedProject:
        return render(tmp_path / folder, **answers)

    return baked


@pytest.fixture(scope="session")
def default(tmp_path_factory: pytest.TempPathFactory) -> BakedProject:
    """Return a render with the default answers, for looking at only."""
    return render(tmp_path_factory.mktemp("default") / "rendered")


@pytest.fixture(scope="session")
def with_options(tmp_path_factory: pytest.TempPathFactory) -> Bake:
    """Return a function that renders with some options, each once, for looking at only."""

    @cache
    def rendered(options: str) -> BakedProject:
        return render(tmp_path_factory.mktemp("options") / "rendered", options=options)

    return rendered


@pytest.fixture(scope="session")
def whole(with_options: Bake) -> BakedProject:
    """Return a render with all options, for looking at only."""
    return with_options(ALL)


@pytest.fixture(scope="session")
def core(with_options: Bake) -> BakedProject:
    """Return a render without any option, for looking at only."""
    return with_options(NONE)


@pytest.fixture(scope="session")
def ready() -> BakedProject:
    """Return a render with all options and its own environment, made by its own setup."""
    folder = TEMPLATE / "build" / "tests"
    project = folder / "flight-delay"
    if project.is_dir():
        empty(project)
    baked = render(folder, options=ALL)
    forget_other_environment(baked)
    baked.run("make", "setup", timeout_s=1500)
    return baked


@pytest.fixture(scope="session")
def data(ready: BakedProject) -> Ran:
    """Run `make data`."""
    return ready.run("make", "data", timeout_s=600)


@pytest.fixture(scope="session")
def training(ready: BakedProject, data: Ran) -> Ran:
    """Run `make train`."""
    return ready.run("make", "train", timeout_s=900)


@pytest.fixture(scope="session")
def wheel(ready: BakedProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that the project builds."""
    folder = tmp_path_factory.mktemp("wheel")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-qq",
        "--no-deps",
        "--wheel-dir",
        folder,
        ".",
    ]
    ready.run(*command, timeout_s=300)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, ready: BakedProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh environment that holds the wheel and nothing optional."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python]
    constraints = ready.path / "constraints.txt"
    command = [*pip, "install", "-qq", "--constraint", constraints, wheel]
    run(*command, cwd=folder, timeout_s=600)
    return python


def forget_other_environment(baked: BakedProject) -> None:
    """Remove an environment made from other files, with whatever they no longer name."""
    content = "".join(baked.read(path) for path in DESCRIBE_ENVIRONMENT)
    digest = hashlib.sha256(content.encode()).hexdigest()
    record = baked.path.parent / "environment.sha256"
    if not record.exists() or record.read_text() != digest:
        shutil.rmtree(baked.path / ".venv", ignore_errors=True)
    record.write_text(digest)


def empty(project: Path) -> None:
    """Remove all but the kept folders of the last session."""
    for entry in os.scandir(project):
        if entry.name in KEPT:
            continue
        shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else Path(entry).unlink()
