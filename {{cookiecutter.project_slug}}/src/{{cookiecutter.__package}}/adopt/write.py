"""``adopt``: a person's table → the contract and settings of this project, shown and written."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from ..contract import Contract
from ..data.rows import MASK
from ..errors import ConfigError
from ..rules import descriptions
from ..storage import write_file
from ..terminal import printable, say, table
from .look import open_table
from .propose import Proposal, Request, propose

PACKAGE = Path(__file__).parents[1]
RENDERED, MOST_SHOWN = ".rendered.json", 300
CONTRACT = """# Inferred by adopt: what comes in, and the row that model, requests, reports and tests see.
# Yours to edit; every setting is explained in src/*/contract/.
"""
DATA = "# make data; every setting: src/*/config/data.py\n"
TRANSFORM = '''"""Yours: from the sources to the contract's row; keep ``_source_row``, and repeat no row."""

import polars as pl


def transform(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The only source as it is."""
    (rows,) = sources.values()
    return rows
'''
FEATURES = '''"""Yours: new columns ``[batch]`` by name, of a row's own values: docs/howto/add-a-feature.md."""

from torch import Tensor

from .columns import Columns


def features(columns: Columns) -> dict[str, Tensor]:
    """None yet."""
    return {}
'''


def run(
    request: Request,
    configs: Path,
    *,
    dry_run: bool = False,
    force: bool = False,
    yes: bool = False,
    package: Path = PACKAGE,
) -> Proposal:
    """Look at the table, show what it is taken for, and write the project's files.

    Raises:
        DataError: the table cannot be read, or is nothing to learn from.
        ConfigError: a file that would be overwritten was changed; nothing was written.
    """
    if not request.path or not request.target:
        raise ConfigError("name your table and its target: make adopt CSV=rows.csv TARGET=column")
    opened = open_table(request.path, request.target, request.table, request.query)
    proposal = propose(request, opened)
    show(proposal)
    if dry_run:
        say("dry run   nothing was written")
        return proposal
    if not yes and sys.stdin.isatty() and sys.stdout.isatty() and input("Enter writes, q quits: "):
        raise ConfigError("you quit; nothing was written")
    configs, root = configs.resolve(), configs.resolve().parent
    texts = {
        configs / "contract.yaml": contract_text(proposal.contract, proposal.doubts),
        configs / "data.yaml": DATA + yaml.safe_dump(proposal.data, sort_keys=False),
        package / "data" / "transform.py": TRANSFORM,
        package / "models" / "features.py": FEATURES,
    }
    example = (
        package / "data" / "example.py",
        root / "tests" / "behaviour" / "test_flights.py",
        root / "tests" / "data" / "test_example.py",
    )
    write(root, texts, [path for path in example if path.exists()], force=force)
    say("next      make data, make train, make serve")
    return proposal


def show(proposal: Proposal) -> None:
    """Print the row with its rules, and what is doubtful."""
    contract, rows = proposal.contract, []
    for name, column in list(contract.columns.items())[:MOST_SHOWN]:
        role = "leak" if column.leaks else contract.role(name)
        rules = [*descriptions(contract, name), *filter(None, [column.why])]
        if role == "target" and contract.positive is not None:
            rules.append(f"positive: {contract.positive}")
        values = MASK if column.pii else proposal.examples[name]
        rows.append((name, role, column.type, "; ".join(rules), values))
    title = f"{contract.name}: {contract.task} of {contract.target}"
    table(title, ("column", "role", "type", "rules", "values"), rows)
    if more := len(contract.columns) - len(rows):
        say(f"doubt     {more:,} more columns are in contract.yaml")
    for doubt in proposal.doubts:
        say(f"doubt     {doubt}")


def write(root: Path, texts: Mapping[Path, str], gone: list[Path], *, force: bool) -> None:
    """Write all, or nothing where one was changed since it was rendered or last adopted."""
    record = root / RENDERED
    rendered: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    names = {path: Path(os.path.relpath(path, root)).as_posix() for path in (*texts, *gone)}
    changed = []
    for path, name in names.items():
        old = path.read_bytes() if path.exists() else None
        known = {rendered.get(name), sha256(texts.get(path, "").encode()).hexdigest()}
        if old is not None and sha256(old).hexdigest() not in known:
            changed.append(name)
    if changed and not force:
        raise ConfigError(
            f"{', '.join(changed)} was changed by hand; nothing was written: keep a copy and say"
            " --force, or only look with --dry-run"
        )
    for path, text in texts.items():
        write_file(path, text.encode())
        rendered[names[path]] = sha256(text.encode()).hexdigest()
        say(f"wrote     {names[path]}")
    for path in gone:
        path.unlink()
        rendered.pop(names[path], None)
        say(f"removed   {names[path]}")
    write_file(record, json.dumps(rendered, indent=2, sort_keys=True).encode())


def contract_text(contract: Contract, doubts: Iterable[str]) -> str:
    """``contract.yaml``; reading it gives the contract again."""
    settings = contract.model_dump(mode="json", exclude_defaults=True)
    head = "".join(f"# doubt: {' '.join(printable(doubt).split())}\n" for doubt in doubts)
    odd = {"\x85", "\u2028", "\u2029"} & set(contract.text)  # PyYAML reads them back as others
    form: dict[str, Any] = {"width": 10**6, "sort_keys": False, "default_flow_style": None}
    text: str = yaml.dump(settings, Dumper=yaml.CSafeDumper, allow_unicode=not odd, **form)
    return CONTRACT + head + text
