"""Options: whose lines join them to core, and who speaks of whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from rendering import OPTIONS, BakedProject, load_hook

from .imported import imports, modules
from .template import template_paths
from .texts import line_of

HOOK = load_hook("post_gen_project")
# It holds every name, of the options that there are and of those that were chosen.
RECORD = ".cruft.json"


def owners(path: str) -> set[str]:
    """Return the options that a path of a project belongs to."""
    place = PurePosixPath(path)
    return HOOK.owners(place) & OPTIONS.keys() if place.parts[0] in HOOK.ROOMS else set()


def joints(project: BakedProject) -> Iterator[str]:
    """Yield lines in the lists of options that belong to none, or to one that was not chosen."""
    for path, content in project.files().items():
        if path.startswith("src/") and path.endswith(".py"):
            for line, names in joining_lines(content):
                if len(names) != 1:
                    yield f"{path}:{line}: the line belongs to {len(names)} options, and not to one"
                elif missing := sorted(names - project.options):
                    yield f"{path}:{line}: joins an option that was not chosen: {missing[0]}"


@cache
def joining_lines(content: bytes) -> list[tuple[int, frozenset[str]]]:
    """Return the lines that join options to core, each with the options that it names."""
    found, inside = [], False
    for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
        inside = inside and line.strip()[:1] not in HOOK.CLOSING
        if inside and line.strip():
            found.append((number, frozenset(OPTIONS.keys() & set(re.findall(r"\w+", line)))))
        inside = inside or line.strip() == HOOK.JOINT
    return found


def imports_of_options(project: BakedProject) -> Iterator[str]:
    """Yield imports of an option's modules by core, and by options that do not need it."""
    package, there = project.package.name, modules(project)
    for path, content in project.files().items():
        if path.endswith(".py"):
            own = owners(path)
            allowed = own.union(*(OPTIONS[name] for name in own))
            for line, _, module, names in imports(path, content, package):
                targets = {module, *(f"{module}/{name}" for name in names)} & there
                for name in sorted(set().union(*map(owners, targets)) - allowed):
                    yield f"{path}:{line}: imports from {module}, of the option {name}"


def mentions(project: BakedProject) -> Iterator[str]:
    """Yield texts that name a path or a module of an option that was not chosen."""
    package = project.package.name
    for name in sorted(OPTIONS.keys() - project.options):
        for path, content in project.files().items():
            if path != RECORD:
                for line, mention in mentions_of(name, package, content):
                    yield f"{path}:{line}: names {mention} of the option {name}"


@cache
def mentions_of(name: str, package: str, content: bytes) -> list[tuple[int, str]]:
    """Return the lines of a text that name a path or a module of an option."""
    if name.encode() not in content:
        return []
    text = content.decode("utf-8")
    return [
        (line_of(text, match.start()), match[0]) for match in names_of(name, package).finditer(text)
    ]


@cache
def names_of(name: str, package: str) -> re.Pattern[str]:
    """Return the names by which a text refers to the places of an option."""
    names: set[str] = set()
    for path in template_paths(package):
        if name in owners(path):
            place = place_of(name, PurePosixPath(path))
            names |= {place.as_posix(), place.as_posix().removeprefix("docs/")}
            if place.parts[0] == "src":
                inside = PurePosixPath(*place.parts[2:]).with_suffix("")
                inside = PurePosixPath(package, inside) if len(inside.parts) == 1 else inside
                names |= {inside.as_posix(), inside.as_posix().replace("/", ".")}
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, sorted(names))) or '(?!)'})(?![\w-])")


def place_of(name: str, path: PurePosixPath) -> PurePosixPath:
    """Return the folder that an option owns, or the file where it owns that alone."""
    above = [folder for folder in (path, *path.parents) if name in HOOK.owners(folder)]
    return above[-1]
