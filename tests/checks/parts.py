"""Parts that can be taken out: their marks, who speaks of them, who imports them."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from rendering import SOURCE, BakedProject

# Who speaks of parts without being joined to any; tests may ask for what is not there.
ABOUT_PARTS = ("scripts/parts.toml", "docs/remove.md", "constraints.txt", "tests/", "Dockerfile")
MARKED = re.compile(r"(?:#|//|/\*|<!--|\{#) (?:end )?part: ")


@cache
def remove() -> dict[str, Any]:
    """Return the names that the project's own command defines."""
    return runpy.run_path(str(SOURCE / "scripts" / "remove.py"))


@cache
def table() -> dict[str, Any]:
    """Return every part by its name."""
    parts: dict[str, Any] = remove()["read_parts"](SOURCE)
    return parts


def files_of_core() -> Iterator[str]:
    """Yield the files of the template that a project without any part does not have."""
    for part in table().values():
        yield from (path.relative_to(SOURCE).as_posix() for path in part.paths(SOURCE))


def own(name: str, project: BakedProject) -> set[str]:
    """Return the files of a part, by the names that they have in a project."""
    return {path.relative_to(project.path).as_posix() for path in table()[name].paths(project.path)}


def needing(name: str) -> list[str]:
    """Return the parts that cannot be without another one."""
    return [part.name for part in table().values() if name in part.needs]


def marks(project: BakedProject) -> Iterator[str]:
    """Yield marks that are of no part, that do not end, or that were to be taken out."""
    core = project.all_answers["profile"] == "core"
    for path, content in project.files().items():
        try:
            named = marked_lines(path, content)
        except remove()["RefusedError"] as error:
            yield f"{path}:{str(error).split()[1]}: {error}"
            continue
        for line, names in named:
            if core:
                yield f"{path}:{line}: a mark of a part is left: {', '.join(sorted(names))}"
            elif unknown := sorted(names - table().keys()):
                yield f"{path}:{line}: there is no part {', '.join(unknown)}"


@cache
def marked_lines(path: str, content: bytes) -> list[tuple[int, frozenset[str]]]:
    """Return where marks of a file begin, with the parts that each names."""
    if b" part: " not in content or path == "scripts/parts.toml":
        return []
    text = content.decode("utf-8")
    if path.endswith(".py"):
        spans = remove()["python_spans"](text)
    else:
        spans = remove()["plain_spans"](text.splitlines())
    return [(span.start, frozenset(joins)) for joins, span in spans]


def words(project: BakedProject) -> Iterator[str]:
    """Yield lines that speak of a part, and would stay without it."""
    for name in table():
        theirs = own(name, project).union(*(own(above, project) for above in needing(name)))
        for path, content in project.files().items():
            if path not in theirs and not path.startswith(ABOUT_PARTS):
                for line, said in said_of(name, path, content):
                    yield f"{path}:{line}: {said} is of the part {name}, and the line has no mark"


@cache
def said_of(name: str, path: str, content: bytes) -> list[tuple[int, str]]:
    """Return what a file's lines say of a part, but for those that go with it."""
    text = content.decode("utf-8")
    pattern = pattern_of(name)
    if not pattern.search(text):
        return []
    gone = lines_of(name, path, content)
    return [
        (number, match[0])
        for number, line in enumerate(text.splitlines(), start=1)
        if number not in gone and (match := pattern.search(line))
    ]


@cache
def pattern_of(name: str) -> re.Pattern[str]:
    """Return what the words of a part look like."""
    return re.compile("|".join(table()[name].words))


@cache
def lines_of(name: str, path: str, content: bytes) -> frozenset[int]:
    """Return the lines of a file that join a part."""
    if b" part: " not in content or path == "scripts/parts.toml":
        return frozenset()
    text = content.decode("utf-8")
    return frozenset(remove()["joining"](text, {name}, python=path.endswith(".py")))


def joints(project: BakedProject) -> Iterator[str]:
    """Yield imports, outside a part and those that need it, of what goes with it."""
    package = project.package.name
    for name, part in table().items():
        theirs = own(name, project)
        theirs_too = theirs.union(*(own(above, project) for above in needing(name)))
        modules = {path.removesuffix(".py").removesuffix("/__init__") for path in theirs}
        for path, content in project.files().items():
            if path.endswith(".py") and path not in theirs_too and modules:
                gone = lines_of(name, path, content)
                gone = gone.union(*(lines_of(above, path, content) for above in needing(name)))
                for line, module in imported(path, content, package):
                    if module in modules and line not in gone:
                        yield f"{path}:{line}: imports {module} of the part {part.name} unmarked"


@cache
def imported(path: str, content: bytes, package: str) -> list[tuple[int, str]]:
    """Return each import of the project's own modules, as line and path without suffix."""
    try:
        tree = ast.parse(content)
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (module := place_of(node, path, package)):
            found.append((node.lineno, module.as_posix()))
            found += [(name.lineno, (module / name.name).as_posix()) for name in node.names]
    return found


def place_of(node: ast.ImportFrom, path: str, package: str) -> PurePosixPath | None:
    """Return where a module of the project lies that is imported from; None for others."""
    names = node.module.split(".") if node.module else []
    if node.level:
        return PurePosixPath(path).parents[node.level - 1].joinpath(*names)
    return PurePosixPath("src", *names) if names[0] == package else None
