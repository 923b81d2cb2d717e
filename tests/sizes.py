"""Measures what is left with an owner: core, each room of it, and each option, in lines and bytes.

Run: make sizes   (ARGS=--write keeps the numbers in sizes.toml, to which a test holds each landing)
"""

from __future__ import annotations

import ast
import io
import os
import sys
import tempfile
import tokenize
from collections import Counter, defaultdict
from pathlib import Path

from rendering import TEMPLATE, BakedProject, answers_of_options, load_hook, render

RECORD = TEMPLATE / "sizes.toml"
Sizes = dict[str, dict[str, int]]
LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
USED_ONCE = "adopt"
HEAD = """# What is left with an owner, as of the last landing: make sizes ARGS=--write
# A test fails where a number has grown.
"""


def owner_of(path: str) -> str:
    """Return the option that a file belongs to, or core, or adopt, which runs once."""
    names = load_hook("post_gen_project").owners(Path(path))
    found = [name for name in (*answers_of_options(), USED_ONCE) if name in names]
    return found[0] if found else "core"


def measure(project: BakedProject) -> Sizes:
    """Return every number of a project that has all options, by owner, room and folder."""
    owned: defaultdict[str, Counter[str]] = defaultdict(Counter)
    rooms: Counter[str] = Counter()
    folders: Counter[str] = Counter()
    for path, content in project.files().items():
        place, owner = path.split("/"), owner_of(path)
        if place[0] in {"src", "tests"} and path.endswith(".py"):
            lines = content.count(b"\n")
            owned[owner][f"{place[0]}_lines"] += lines
            if place[0] == "src":
                owned[owner] += Counter(modules=1, **python(content.decode()))
                rooms[place[2].removesuffix(".py")] += lines if owner == "core" else 0
        elif path != ".cruft.json":  # it names a folder of this machine
            folders["/".join(place[:-1][:2]) or "top"] += len(content)
    return {
        **{name: dict(sorted(owned[name].items())) for name in sorted(owned)},
        "rooms of core": dict(sorted((+rooms).items())),
        "bytes of other files": dict(sorted(folders.items())),
    }


def python(text: str) -> dict[str, int]:
    """Return a module's tokens without comments and layout, and the lines of its docstrings."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    texts = [
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    return {
        "tokens": sum(token.type not in LAYOUT | {tokenize.COMMENT} for token in tokens),
        "docstring_lines": sum((node.end_lineno or 0) - node.lineno + 1 for node in texts),
    }


def as_toml(sizes: Sizes) -> str:
    """Return the numbers as a table for each owner."""
    tables = (
        f'\n["{name}"]\n' + "".join(f'"{key}" = {value}\n' for key, value in numbers.items())
        for name, numbers in sizes.items()
    )
    return HEAD + "".join(tables)


def main() -> int:
    """Print the numbers, and keep them where that is asked for."""
    os.environ["RENDER_ONLY"] = "1"  # the hook starts no history
    with tempfile.TemporaryDirectory() as folder:
        sizes = measure(render(Path(folder) / "out", options="all"))
    text = as_toml(sizes)
    if "--write" in sys.argv[1:]:
        RECORD.write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
