"""Takes optional parts out of the project: their files, and the lines elsewhere that join them.

Run: python scripts/remove.py [--list] [--force] NAME [NAME …]

Needs Python alone, from 3.11 on. ``parts.toml`` beside this file names the parts and their files.
A line elsewhere that joins a part ends in a mark, a comment such as ``part: tuning`` (several parts
with commas). In Python it stands for all that begins in its line: a statement, an argument, an
item. In other files a mark in a line of its own begins a block, which ``end part: tuning`` ends.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = "scripts/parts.toml"
# Where marks are looked for, beside the files at the top: nowhere in what the commands make.
PLACES = (".devcontainer", ".github", "configs", "deploy", "docs", "scripts", "src", "tests")
MARK = re.compile(r"(?:#|//|/\*|<!--) part: ([a-z0-9, -]+?) ?(?:-->|\*/|#\})?(?: \|)?$")
END = re.compile(r"(?:#|//|/\*|<!--) end part: ([a-z0-9-]+) ?(?:-->|\*/)?$")


class RefusedError(Exception):
    """Nothing was taken out; says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that not everybody needs."""

    name: str
    what: str
    """A sentence."""
    files: tuple[str, ...]
    """Its files and folders, the latter with a slash at their ends."""
    needs: tuple[str, ...]
    """Parts without which it cannot be."""
    words: tuple[str, ...]
    """Patterns of what is said only in its files and in marked lines."""

    def paths(self, root: Path) -> list[Path]:
        """Return its files that are there."""
        given = [path for pattern in self.files for path in root.glob(pattern.rstrip("/"))]
        inside = [path for folder in given if folder.is_dir() for path in folder.rglob("*")]
        return sorted({path for path in given + inside if path.is_file()})


def read_parts(root: Path) -> dict[str, Part]:
    """Return every part by its name."""
    table = tomllib.loads((root / TABLE).read_text("utf-8"))
    return {
        name: Part(
            name=name,
            what=given["what"],
            files=tuple(given["files"]),
            needs=tuple(given.get("needs", ())),
            words=tuple(given.get("words", ())),
        )
        for name, given in table.items()
    }


def take_out(root: Path, names: Collection[str]) -> tuple[list[Path], dict[Path, int]]:
    """Delete the files of some parts and the lines that join them; return both."""
    parts = read_parts(root)
    gone = [path for name in names for path in parts[name].paths(root)]
    new, shorter = {}, {}
    for path, text in marked_texts(root):
        new[path] = without(text, names, python=path.suffix == ".py")
        shorter[path] = len(text.splitlines()) - len(new[path].splitlines())
    for path in gone:
        path.unlink()
        tidy(path.parent, root)
    shorter = {path: lines for path, lines in shorter.items() if lines and path not in gone}
    for path in shorter:
        path.write_text(new[path], encoding="utf-8", newline="")
    return gone, shorter


def tidy(folder: Path, root: Path) -> None:
    """Remove a folder that holds nothing more, and those around it."""
    while folder != root and {path.name for path in folder.iterdir()} <= {"__pycache__"}:
        for cache in folder.glob("__pycache__/*"):
            cache.unlink()
        for cache in folder.glob("__pycache__"):
            cache.rmdir()
        folder.rmdir()
        folder = folder.parent


def marked_texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file that may hold marks, with its text."""
    inside = [path for place in PLACES for path in (root / place).rglob("*")]
    for path in sorted({*root.iterdir(), *inside}):
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            if b" part: " in content:
                yield path, content.decode("utf-8")


def without(text: str, names: Collection[str], *, python: bool) -> str:
    """Return a text without the lines that join some parts."""
    gone = joining(text, names, python=python)
    kept: list[str] = []
    before = None  # blank lines in front of what was dropped last
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if number in gone:
            before = blanks(kept)
        elif before is not None and not line.strip() and before > 0:
            before -= 1  # as many of them are there already
        else:
            before = None
            kept.append(line)
    if before is not None:
        del kept[len(kept) - blanks(kept) :]
    return "".join(kept)


def joining(text: str, names: Collection[str], *, python: bool) -> set[int]:
    """Return the numbers of the lines that join some parts."""
    spans = python_spans(text) if python else plain_spans(text.splitlines())
    return {number for joins, span in spans if joins & set(names) for number in span}


def blanks(lines: list[str]) -> int:
    """Return how many lines at the end say nothing."""
    return next((n for n, line in enumerate(reversed(lines)) if line.strip()), len(lines))


def plain_spans(lines: list[str]) -> list[tuple[set[str], range]]:
    """Return what each mark of a text joins, and the lines that it stands for."""
    spans: list[tuple[set[str], range]] = []
    begun: list[tuple[str, int]] = []
    for number, line in enumerate(lines, start=1):
        if match := END.search(line.rstrip()):
            name, first = begun.pop() if begun else ("", 0)
            if name != match[1]:
                raise RefusedError(f"line {number} ends part {match[1]}, which was not begun")
            spans.append(({name}, range(first, number + 1)))
        elif match := MARK.search(line.rstrip()):
            joins = named(match[1])
            if line.strip() == match[0]:
                begun += [(name, number) for name in joins]
            else:
                spans.append((joins, range(number, number + 1)))
    if begun:
        raise RefusedError(f"line {begun[0][1]} begins part {begun[0][0]}, which does not end")
    return spans


def python_spans(text: str) -> list[tuple[set[str], range]]:
    """Return what each mark of a module joins, and the lines of what begins where it stands."""
    ends: dict[int, int] = {}
    indents = [len(line) - len(line.lstrip()) for line in text.splitlines()]
    for first, column, last in places(ast.parse(text)):
        if column == indents[first - 1]:
            ends[first] = max(last, ends.get(first, 0))
    heads = {head: first for first, head in decorated(ast.parse(text))}
    spans = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (match := MARK.search(token.string)):
            line = token.start[0]
            first = heads.get(line, line)
            spans.append((named(match[1]), range(first, ends.get(line, line) + 1)))
    return spans


def places(tree: ast.AST) -> Iterator[tuple[int, int, int]]:
    """Yield where each node of a module is: first line, column and last line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None:
                    yield key.lineno, key.col_offset, value.end_lineno or key.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list[:1]:
                yield decorator.lineno, node.col_offset, node.end_lineno or node.lineno
        if isinstance(node, ast.stmt | ast.expr | ast.keyword | ast.alias | ast.arg):
            yield node.lineno, node.col_offset, node.end_lineno or node.lineno


def decorated(tree: ast.AST) -> Iterator[tuple[int, int]]:
    """Yield the line of the first decorator and that of the name, of whatever has any."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list[:1]:
                yield decorator.lineno, node.lineno


def named(text: str) -> set[str]:
    """Return the parts that a mark names."""
    return {name.strip() for name in text.split(",")}


def refuse(root: Path, parts: dict[str, Part], names: Collection[str], *, force: bool) -> None:
    """Refuse what cannot be taken out, or not be brought back.

    Raises:
        RefusedError: with what was given, what is valid and what to do.
    """
    if unknown := sorted(set(names) - parts.keys()):
        raise RefusedError(f"there is no part {', '.join(unknown)}; there are {', '.join(parts)}")
    for part in parts.values():
        held_up = set(part.needs) & set(names)
        if held_up and part.name not in names and part.paths(root):
            one = " ".join(sorted(held_up))
            raise RefusedError(f"{part.name} needs {one}; take it out as well: {part.name} {one}")
    if force:
        return
    asked = ["git", "status", "--porcelain"]
    done = subprocess.run(asked, cwd=root, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RefusedError("no git repository could bring the files back; to do it, use --force")
    if done.stdout:
        raise RefusedError(
            "git knows of changes that are not committed, which would be mixed with what is taken"
            f" out:\n{done.stdout.rstrip()}\ncommit them first, or use --force"
        )


def page(parts: Collection[Part]) -> str:
    """Return the sections of ``docs/remove.md``, one for each part."""
    above = {part.name: [p.name for p in parts if part.name in p.needs] for part in parts}
    return "\n".join(section(part, above[part.name]) for part in parts)


def section(part: Part, above: list[str]) -> str:
    """Return what the page says of a part, and of those that need it."""
    paths = "\n".join(f"- `{path}`" for path in part.files)
    needed = f"\nTogether with what is built on it: {', '.join(above)}.\n" if above else ""
    names = " ".join([part.name, *above])
    given = f'"{names}"' if above else names
    return (
        f"## {part.name}\n\n{part.what}\n{needed}\n"
        f"```sh\nmake remove PART={given}\n```\n\nIts own files:\n\n{paths}\n"
    )


def main(arguments: list[str]) -> int:
    """Take out what is named; return the exit code."""
    options = {given for given in arguments if given.startswith("-")}
    names = [given for given in arguments if given not in options]
    parts = read_parts(ROOT)
    if options - {"--list", "--force"} or not (names or "--list" in options):
        print("usage: python scripts/remove.py [--list] [--force] NAME [NAME …]", file=sys.stderr)
        return 2
    if "--list" in options:
        for part in parts.values():
            print(f"{part.name:<12}{'' if part.paths(ROOT) else '(taken out) '}{part.what}")
        return 0
    try:
        refuse(ROOT, parts, names, force="--force" in options)
        gone, shorter = take_out(ROOT, names)
    except RefusedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    tell(gone, shorter)
    return 0


def tell(gone: list[Path], shorter: dict[Path, int]) -> None:
    """Print what was done, and what comes next."""
    for path in gone:
        print(f"deleted   {path.relative_to(ROOT).as_posix()}")
    for path, lines in shorter.items():
        print(f"shortened {path.relative_to(ROOT).as_posix()} by {lines}")
    if gone or shorter:
        print("\nNext: make check test; git add --all; git commit")
        print("Libraries that nothing asks for any more stay in .venv until you delete it.")
    else:
        print("There was nothing to take out.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
