"""Imports that lead nowhere, versions without a pin, metrics under other names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache

from rendering import BakedProject

from . import imported
from .texts import line_of

# Metrics as pages, rules and dashboards name them; the suffix is Prometheus's.
NAMED = re.compile(r"\b([a-z]+(?:_[a-z]+)+)_(?:total|bucket|sum|count)\b")
DEFINED = re.compile(r'(?:[Cc]ounter|[Gg]auge|[Hh]istogram)\(\s*"([a-z_]+)"')


def imports(project: BakedProject) -> Iterator[str]:
    """Yield imports of modules of the project that are not there."""
    there = imported.modules(project)
    for path, content in project.files().items():
        if path.endswith(".py"):
            for line, written, module, _ in imported.imports(path, content, project.package.name):
                if module not in there:
                    yield f"{path}:{line}: no module is called {written}"


def is_module(path: str) -> bool:
    """Say whether a file is a module of the package."""
    return path.startswith("src/") and path.endswith(".py")


def pins(project: BakedProject) -> Iterator[str]:
    """Yield dependencies that no constraint pins, and pins that uv sync does not share."""
    text = project.read("pyproject.toml")
    settings = tomllib.loads(text)
    own = settings["project"]["name"]
    groups = [settings["project"]["dependencies"], *settings["dependency-groups"].values()]
    groups += settings["project"]["optional-dependencies"].values()
    pinned = {normal(line) for line in project.read("constraints.txt").splitlines()}
    for requirement in sorted({each for group in groups for each in group}):
        if normal(requirement) not in pinned | {normal(own)}:
            line = line_of(text, text.index(requirement))
            yield f"pyproject.toml:{line}: {requirement} has no pin in constraints.txt"
    of_uv = set(settings["tool"]["uv"]["constraint-dependencies"])
    lines = {line for line in project.read("constraints.txt").splitlines() if line[0] != "#"}
    for pin in sorted(of_uv ^ lines):
        yield f"constraints.txt:1: {pin} is not also in pyproject.toml; make lock writes both"


def variables(project: BakedProject) -> Iterator[str]:
    """Yield variables of the environment that set what there is not, which would end a command."""
    package = project.package.name
    name = re.compile(rf"\b{package.upper()}__([A-Z]+)__([A-Z_]+)\b")
    for path, content in project.files().items():
        text = content.decode("utf-8", "replace")
        for found in name.finditer("" if is_module(path) else text):
            section, key = found[1].lower(), found[2].lower()
            fields = project.read(f"src/{package}/config/{section}.py")
            if not re.search(rf"^    {key.partition('__')[0]}: ", fields, re.MULTILINE):
                yield f"{path}:{line_of(text, found.start())}: there is no setting {section}.{key}"


def normal(requirement: str) -> str:
    """Return the distribution's name in the one way to write it."""
    (name,) = re.findall(r"^[\w.-]*", requirement)
    return re.sub(r"[-_.]+", "-", name).lower()


def scripts(project: BakedProject) -> Iterator[str]:
    """Yield commands of the distribution whose module is not there."""
    text = project.read("pyproject.toml")
    for name, target in tomllib.loads(text)["project"]["scripts"].items():
        module = project.path.joinpath("src", *target.partition(":")[0].split("."))
        if not module.is_dir() and not module.with_suffix(".py").is_file():
            where = f"pyproject.toml:{line_of(text, text.index(target))}"
            yield f"{where}: {name} calls no module: {target}"


def metrics(project: BakedProject) -> Iterator[str]:
    """Yield metrics that pages, rules or dashboards name, and the package does not define."""
    modules = (content for path, content in project.files().items() if is_module(path))
    defined = {name for content in modules for name in defined_metrics(content)}
    for path, content in project.files().items():
        if path.endswith(".md") or path.startswith("deploy/"):
            text = content.decode("utf-8")
            for match in NAMED.finditer(text):
                if match[1] not in defined:
                    where = f"{path}:{line_of(text, match.start())}"
                    yield f"{where}: the package defines no metric {match[0]}"


@cache
def defined_metrics(content: bytes) -> list[str]:
    """Return the names of the metrics that a module defines."""
    return DEFINED.findall(content.decode("utf-8"))
