"""Fixtures: `bake` renders anew; `default` and `ready` are one render that many tests look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rendering import IDENTITY, TEMPLATE, Bake, BakedProject, render

# The environment and the type checker's cache are kept from one session to the next: making them
# anew takes minutes. `make clean` removes them; the project's setup notices other dependencies.
KEPT = {".venv", ".mypy_cache"}


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
def ready() -> BakedProject:
    """Return a render with the default answers and its own environment, made by its own setup."""
    folder = TEMPLATE / "build" / "tests"
    project = folder / "flight-delay"
    if project.is_dir():
        empty(project)
    baked = render(folder)
    baked.run("make", "setup", timeout_s=1500)
    return baked


def empty(project: Path) -> None:
    """Remove all but the kept folders of the last session."""
    for entry in os.scandir(project):
        if entry.name in KEPT:
            continue
        shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else Path(entry).unlink()
