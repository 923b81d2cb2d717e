"""Files that do not parse, marks of the template language, links that lead nowhere."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import PurePosixPath

import yaml
from rendering import BakedProject

# GitHub's own expressions look like Jinja with a dollar sign before it, and so do Grafana's labels.
LEFTOVER = re.compile(r"(?<!\$)\{\{|\{%|\{#|^[ \t]*#%|cookiecutter(?:\.(?!json)|\[)", re.MULTILINE)
# What Prometheus and Grafana fill in: {{ $labels.column }}, {{ $value }}, {{route}}.
THEIRS = re.compile(r"\{\{[^{}]*\$[^{}]*\}\}|\{\{\w+\}\}")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CROWDED = re.compile(r"(?<!\n)\n((?:#+|1\.) .+)")


def line_of(text: str, position: int) -> int:
    """Return the number of the line that a position is in."""
    return text.count("\n", 0, position) + 1


def blank(text: str) -> str:
    """Return a text of as many lines that says nothing."""
    return "\n" * text.count("\n")


def parses(project: BakedProject) -> Iterator[str]:
    """Yield files that are not what their name says."""
    for path, content in project.files().items():
        if fault := parse_fault(ending(path), content):
            line, what = fault
            yield f"{path}:{line}: does not parse: {what}"


def ending(path: str) -> str:
    """Return a file's suffix, or its name where that is all it has."""
    return PurePosixPath(path).suffix or PurePosixPath(path).name


@cache
def parse_fault(suffix: str, content: bytes) -> tuple[int, str] | None:
    """Return the line and the reason for which a content cannot be read, or None."""
    if suffix not in READERS:
        return None
    try:
        READERS[suffix](content.decode("utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return (mark.line + 1 if mark else 1), str(getattr(error, "problem", error))
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (ValueError, configparser.Error) as error:  # of JSON, TOML, UTF-8 and INI
        found = re.search(r"line:? (\d+)", str(error))
        return int(found[1]) if found else 1, str(error).splitlines()[0]
    return None


def read_yaml(text: str) -> None:
    """Read all documents of a stream, the last of which has to say something."""
    documents = list(yaml.safe_load_all(text))
    if not documents or documents[-1] is None:
        raise ValueError("it says nothing")


def read_ini(text: str) -> None:
    """Read sections; EditorConfig has a line before the first one."""
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.read_string(f"[*head*]\n{text}")


READERS: dict[str, Callable[[str], object]] = {
    ".cfg": read_ini,
    ".editorconfig": read_ini,
    ".ini": read_ini,
    ".ipynb": json.loads,
    ".json": json.loads,
    ".py": lambda text: compile(text, "module", "exec", dont_inherit=True),
    ".toml": tomllib.loads,
    ".yaml": read_yaml,
    ".yml": read_yaml,
}


def no_leftovers(project: BakedProject) -> Iterator[str]:
    """Yield marks of the template language in paths, and in texts that are rendered."""
    for path, content in project.files().items():
        if "{" in path or "cookiecutter" in path:
            yield f"{path}:1: the path holds a mark of the template language"
        for line, mark in () if path.startswith("src/") else leftovers(content):
            yield f"{path}:{line}: a mark of the template language is left: {mark}"


@cache
def leftovers(content: bytes) -> list[tuple[int, str]]:
    """Return each mark with its line."""
    text = THEIRS.sub("", content.decode("utf-8"))
    return [(line_of(text, match.start()), match[0].strip()) for match in LEFTOVER.finditer(text)]


def links(project: BakedProject) -> Iterator[str]:
    """Yield relative links to files, and to headings, that are not there."""
    pages = {path: text for path, text in markdown(project) if not path.startswith("src/")}
    for path, text in pages.items():
        for match in LINK.finditer(FENCED.sub(lambda block: blank(block[0]), text)):
            target, _, anchor = match[1].partition("#")
            file = (project.path / path).parent / target if target else project.path / path
            where = f"{path}:{line_of(text, match.start())}"
            if not file.exists():
                yield f"{where}: the link leads nowhere: {match[1]}"
            elif anchor and anchor not in anchors(file.read_text("utf-8")):
                yield f"{where}: no heading is called #{anchor}"


def headings_stand_apart(project: BakedProject) -> Iterator[str]:
    """Yield headings and lists with no blank line before them: a condition may have taken it."""
    for path, text in markdown(project):
        prose = FENCED.sub(lambda block: blank(block[0]) + "`", text)
        for match in CROWDED.finditer(prose) if not path.startswith("src/") else ():
            yield f"{path}:{line_of(prose, match.start()) + 1}: no blank line before: {match[1]}"


def markdown(project: BakedProject) -> Iterator[tuple[str, str]]:
    """Yield each page with its text."""
    for path, content in project.files().items():
        if path.endswith(".md"):
            yield path, content.decode("utf-8")


def anchors(text: str) -> set[str]:
    """Return the names under which a page's headings can be linked to."""
    headings = HEADING.findall(FENCED.sub("", text))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
