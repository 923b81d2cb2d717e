"""The template's own files, by the names that they have once they are rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from rendering import SOURCE, BakedProject

PACKAGE = "{{cookiecutter.__package}}"
CONDITIONAL = re.compile(r"\{% if cookiecutter\.(\w+) == '(.+)' %\}(.+)\{% endif %\}")
# What tools leave behind in the template's folder while one works there.
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def rendered_files(project: BakedProject) -> Iterator[str]:
    """Yield the paths that a project would have if no hook removed any."""
    for path in template_paths(project.package.name):
        if not (match := CONDITIONAL.fullmatch(path)):
            yield path
        elif project.all_answers[match[1]] == match[2]:
            yield match[3]


@cache
def template_paths(package: str) -> tuple[str, ...]:
    """Return the paths of the template's files, with the name of a package."""
    files = [file.relative_to(SOURCE) for file in SOURCE.rglob("*") if file.is_file()]
    paths = (file.as_posix() for file in files if not CACHES & set(file.parts))
    return tuple(path.replace(PACKAGE, package) for path in paths)
