"""``adopt``: a person's table → the contract and settings of this project, shown and written."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from ..contract import READERS, Contract, parse_source
from ..contract.source import SETTINGS, load
from ..data.read import GZIP, readable
from ..data.rows import MASK, files
from ..errors import ConfigError, DataError
from ..rules import descriptions
from ..storage import write_file
from ..terminal import printable, say, table
from .dialect import dialect
from .look import Look, look
from .propose import Proposal, Request, proposed, source_name

PACKAGE = Path(__file__).parents[1]
RENDERED, MOST_SHOWN = ".rendered.json", 300
TRANSFORM = '''"""Yours: from the sources to the contract's row — joins, filters and the target's definition.

Keep ``_source_row`` of the driving source: each of its rows may stay or go, never repeat.
"""

import polars as pl


def transform(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The only source as it is."""
    (rows,) = sources.values()
    return rows
'''
FEATURES = '''"""Yours: new columns computed from a row's own values, the same in training and in the graph.

``columns["price"]`` is a number and ``columns.seconds["at"]`` a time, NaN where missing;
``columns.is_in("city", "Oslo", None)`` says where a category is one of these, or missing.
"""

from torch import Tensor

from .columns import Columns


def features(columns: Columns) -> dict[str, Tensor]:
    """None yet: return new columns ``[batch]`` by name."""
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
    proposal, root = proposed(request, opened(request)), configs.resolve().parent
    show(proposal)
    if dry_run:
        say("dry run   nothing was written")
        return proposal
    if not yes and sys.stdin.isatty() and sys.stdout.isatty() and input("Enter writes, q quits: "):
        raise ConfigError("you quit; nothing was written")
    texts = {
        configs.resolve() / "contract.yaml": contract_text(proposal.contract, proposal.doubts),
        configs.resolve() / "data.yaml": "# make data; every setting: src/*/config/data.py\n"
        + yaml.safe_dump(proposal.data, sort_keys=False),
        package / "data" / "transform.py": TRANSFORM,
        package / "models" / "features.py": FEATURES,
    }
    gone = [package / "data" / "example.py", root / "tests" / "behaviour" / "test_flights.py"]
    gone.append(root / "tests" / "data" / "test_example.py")
    write(root, texts, [path for path in gone if path.exists()], force=force)
    say("next      make data, make train, make serve")
    return proposal


def opened(request: Request) -> Look:
    """Look at the table that a path, URL or variable names.

    Raises:
        DataError: there is no such file, or it cannot be read.
        ConfigError: a database is named without table or query, or a file with one.
    """
    path = Path(request.path)
    variable = request.path.isupper() and request.path.isidentifier() and not path.exists()
    database = "://" in request.path or variable
    if database != (bool(request.table) + bool(request.query) == 1):
        raise ConfigError(f"'{request.path}': only a database takes one of --table or --query")
    if database:
        kinds = [k for k in READERS if k in SETTINGS and "table" in load(SETTINGS[k]).model_fields]
        if not kinds:
            raise ConfigError("this project reads files; add an option that reads databases first")
        said = {kinds[0]: request.path, "table": request.table, "query": request.query}
        source = parse_source(json.dumps({key: value for key, value in said.items() if value}))
        return look(source, files(source_name(request), source, (), Path("data")), [])
    if not path.is_file():
        raise DataError(f"'{request.path}' does not exist; name a CSV, Parquet or JSON Lines file")
    with readable(path), path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"PK" or head == b"\xd0\xcf\x11\xe0":
        raise DataError(f"'{request.path}' is a zip or Excel file; unpack it, or save it as CSV")
    inside = path.resolve().is_relative_to(Path.cwd())
    name = path.resolve().relative_to(Path.cwd()).as_posix() if inside else str(path.resolve())
    json_lines = head[:1] == b"{" or (head[:2] == GZIP and ".json" in path.name)
    if head == b"PAR1" or json_lines:
        kind = "jsonl" if json_lines else "parquet"
        return look(parse_source(json.dumps({kind: name})), [path], [])
    csv, doubts = dialect(path, name, request.target)
    return look(csv, [path], doubts)


def show(proposal: Proposal) -> None:
    """The row with its rules, and what is doubtful."""
    contract, rows = proposal.contract, []
    for name, column in list(contract.columns.items())[:MOST_SHOWN]:
        role = "leak" if column.leaks else contract.role(name)
        rules = [*descriptions(contract, name), column.why or ""]
        if role == "target" and contract.positive is not None:
            rules.append(f"positive: {contract.positive}")
        shown = MASK if column.pii else proposal.examples[name]
        rows.append((name, role, column.type, "; ".join(filter(None, rules)), shown))
    title = f"{contract.name}: {contract.task} of {contract.target}"
    table(title, ("column", "role", "type", "rules", "values"), rows)
    more = len(contract.columns) - len(rows)
    doubts = [f"{more:,} more columns are in contract.yaml"] * bool(more) + proposal.doubts
    for doubt in doubts:
        say(f"doubt     {doubt}")


def write(root: Path, texts: Mapping[Path, str], gone: list[Path], *, force: bool) -> None:
    """Write all, or nothing where one was changed since it was rendered or last adopted.

    Raises:
        ConfigError: naming those that were changed.
    """
    record = root / RENDERED
    rendered: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    names = {path: Path(os.path.relpath(path, root)).as_posix() for path in (*texts, *gone)}
    changed = []
    for path in (path for path in names if path.exists()):
        there = path.read_bytes()
        known = rendered.get(names[path]) == sha256(there).hexdigest()
        changed += [] if known or there == texts.get(path, "").encode() else [names[path]]
    if changed and not force:
        raise ConfigError(
            f"{', '.join(changed)} {'was' if len(changed) == 1 else 'were'} changed by hand; nothing"
            " was written: keep a copy and say --force, or only look with --dry-run"
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
    said: dict[str, Any] = contract.model_dump(mode="json", exclude_defaults=True)
    for column in said["columns"].values():
        for key in {"minimum", "maximum"} & column.keys():
            number = column[key]
            column[key] = int(number) if number == int(number) and abs(number) < 2**53 else number
    head = [
        "# yaml-language-server: $schema=contract.schema.json",
        "# Inferred by adopt: what comes in, and the row that model, requests, reports and tests see.",
        "# Yours to edit; every setting is explained in src/*/contract/.",
        *(f"# doubt: {' '.join(printable(doubt).split())}" for doubt in doubts),
    ]
    odd = {"\x85", "\u2028", "\u2029"} & set(contract.text)  # PyYAML reads them back as others
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    form: dict[str, Any] = {"width": 10**6, "sort_keys": False, "default_flow_style": None}
    text = yaml.dump(said, Dumper=dumper, allow_unicode=not odd, **form)
    return "\n".join([*head, text])
