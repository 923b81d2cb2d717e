"""Pages whose commands are run: what they say to type, to write into files, and what is then seen.

A block of ``sh`` is typed in the project's folder, line by line. A block of ``text`` after it is
what it promises to print, ``…`` for whatever may differ. A block of ``python`` whose first line is
a path in a comment becomes that file. A block of ``diff`` whose first line names a file changes it:
its lines, without those with a plus, stand there exactly once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"# ([\w./-]+/[\w.-]+\.py)\n")
ANYTHING = "…"
# What is shown, and not typed. Whatever else a block calls itself, a person might type it.
SHOWN = {"text", "python", "yaml", "json", "toml", "diff"}
DIRECTIVE = re.compile(r"\{[\w-]+\}")

Kind = Literal["type", "see", "write", "change"]


@dataclass(frozen=True)
class Step:
    """One thing that a page tells to do."""

    kind: Kind
    line: int
    text: str
    path: str = ""


class PageError(AssertionError):
    """A page promises what is not so; the message begins with its place."""


def steps(text: str) -> Iterator[Step]:
    """Yield what a page tells to do, in order."""
    for match in BLOCK.finditer(text):
        kind, body = match[1], match[2]
        line = text.count("\n", 0, match.start()) + 2
        if kind == "sh":
            yield Step("type", line, body)
        elif kind == "text":
            yield Step("see", line, body)
        elif kind == "diff":
            header, _, change = body.partition("\n")
            yield Step("change", line, change, header.removeprefix("--- "))
        elif kind == "python" and (named := PATH.match(body)):
            yield Step("write", line, body, named[1])


def commands(text: str) -> list[tuple[int, str]]:
    """Return each command with its line; also those of blocks that `steps` does not know."""
    found: list[tuple[int, str]] = []
    for match in BLOCK.finditer(text):
        if match[1] not in SHOWN and not DIRECTIVE.match(match[1]):
            first = text.count("\n", 0, match.start()) + 2
            lines = enumerate(match[2].splitlines(), first)
            found += [(number, line) for number, line in lines if line.strip()]
    return found


def write(step: Step, project: Path) -> None:
    """Write the file that a block shows."""
    file = project / step.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(step.text, encoding="utf-8")


def change(step: Step, project: Path) -> None:
    """Replace the lines that a block names by those that it puts in their place."""
    file = project / step.path
    if not file.is_file():
        raise PageError(f"line {step.line}: there is no file {step.path}")
    lines = step.text.splitlines(keepends=True)
    old = "".join(line.lstrip("\n")[1:] or "\n" for line in lines if line[0] != "+")
    new = "".join(line.lstrip("\n")[1:] or "\n" for line in lines if line[0] != "-")
    text = file.read_text("utf-8")
    if text.count(old) != 1:
        raise PageError(f"line {step.line}: these lines are {text.count(old)} times in {step.path}")
    file.write_text(text.replace(old, new), encoding="utf-8")


def see(step: Step, printed: str) -> None:
    """Hold a promise to what was printed: each line is found, in this order, spaces apart."""
    rest = [plain(line) for line in printed.splitlines()]
    for promised in map(plain, step.text.splitlines()):
        if promised in {ANYTHING, ""}:
            continue
        pattern = re.compile(".*".join(map(re.escape, promised.split(ANYTHING))))
        at = next((index for index, line in enumerate(rest) if pattern.search(line)), None)
        if at is None:
            raise PageError(f"line {step.line}: it does not print: {promised}\n{printed}")
        rest = rest[at + 1 :]


def plain(text: str) -> str:
    """Return a line with single spaces, and none around what may be anything."""
    return re.sub(rf"\s*{ANYTHING}\s*", ANYTHING, " ".join(text.split()))
