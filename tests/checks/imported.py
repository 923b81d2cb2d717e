"""What modules of a project import from the project itself."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import PurePosixPath
from typing import NamedTuple

from rendering import BakedProject


class Import(NamedTuple):
    """One import statement."""

    line: int
    written: str
    module: str
    """The module's path, without suffix."""
    names: tuple[str, ...]


@cache
def imports(path: str, content: bytes, package: str) -> list[Import]:
    """Return each import of the project's own modules; none of what does not parse."""
    try:
        tree = ast.parse(content)
    except SyntaxError:
        return []
    return [
        Import(
            line=node.lineno,
            written="." * node.level + (node.module or ""),
            module=module.as_posix(),
            names=tuple(alias.name for alias in node.names),
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (module := module_of(node, path, package))
    ]


def module_of(node: ast.ImportFrom, path: str, package: str) -> PurePosixPath | None:
    """Return where a module of the project lies that is imported from; None for others."""
    names = node.module.split(".") if node.module else []
    if node.level:
        return PurePosixPath(path).parents[node.level - 1].joinpath(*names)
    return PurePosixPath("src", *names) if names[0] == package else None


def modules(project: BakedProject) -> set[str]:
    """Return the paths of modules, without suffix, and of the folders that they are in."""
    paths = [PurePosixPath(path) for path in project.files() if path.endswith(".py")]
    return {
        place.as_posix() for path in paths for place in (path.with_suffix(""), *path.parents[:-1])
    }
