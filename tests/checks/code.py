"""Imports that lead nowhere, versions without a pin, metrics under other names."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from rendering import BakedProject

from .texts import line_of

# Metrics as pages, rules and dashboards name them; the suffix is Prometheus's.
NAMED = re.compile(r"\b([a-z]+(?:_[a-z]+)+)_(?:total|bucket|sum|count)\b")
DEFINED = re.compile(r'(?:Counter|Gauge|Histogram)\(\s*"([a-z_]+)"')


def imports(project: BakedProject) -> Iterator[str]:
    """Yield relative imports of modules that are not there."""
    modules = {path: content for path, content in project.files().items() if is_module(path)}
    folders = {folder for path in modules for folder in PurePosixPath(path).parents}
    for path, content in modules.items():
        for line, level, name in relative_imports(content):
            folder = PurePosixPath(path).parents[level - 1]
            target = folder.joinpath(*name.split(".")) if name else folder
            if f"{target}.py" not in modules and target not in folders:
                yield f"{path}:{line}: no module is called {'.' * level}{name}"


def is_module(path: str) -> bool:
    """Say whether a file is a module of the package."""
    return path.startswith("src/") and path.endswith(".py")


@cache
def relative_imports(content: bytes) -> list[tuple[int, int, str]]:
    """Return line, level and module of each relative import; none of what does not parse."""
    try:
        tree = ast.parse(content)
    except SyntaxError:
        return []
    return [
        (node.lineno, node.level, node.module or "")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def pins(project: BakedProject) -> Iterator[str]:
    """Yield dependencies that no constraint pins."""
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
