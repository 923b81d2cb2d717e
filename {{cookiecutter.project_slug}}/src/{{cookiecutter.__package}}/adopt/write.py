"""``adopt``: a person's table → the contract and settings of this project, shown and written."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from ..atomic import write_file
from ..contract import READERS, Contract, parse_source
from ..contract.source import SETTINGS, load
from ..data.read import GZIP, readable
from ..data.rows import MASK, files
from ..errors import ConfigError, DataError
from ..terminal import say, table
from .dialect import dialect
from .look import Look, look
from .propose import Proposal, Request, proposed, source_name

PACKAGE = Path(__file__).parents[1]
RENDERED, WIDE, BREAKS = ".rendered.json", 1_000_000, set("\x85\u2028\u2029")
TRANSFORM = '''"""Yours: from the sources to the contract's row — joins, filters and the target's definition.

Set-level and offline. What is joined here, a caller of the server must send. Keep ``_source_row``
of the driving source: each of its rows may stay or go, never repeat.
"""

import polars as pl


def transform(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The only source as it is."""
    (rows,) = sources.values()
    return rows
'''
FEATURES = '''"""Yours: new columns computed from a row's own values, the same in training and in the graph.

``columns`` holds each numeric column of the contract and the calendar parts of each timestamp as a
float tensor ``[batch]``, NaN where missing. Return new named columns of that shape. Use torch
functions without Python branches on values, so that they export. Return ``{}`` for none.
"""

from torch import Tensor


def features(columns: dict[str, Tensor]) -> dict[str, Tensor]:
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
        raise ConfigError(
            "name your table and what to predict: make adopt CSV=rows.csv TARGET=column"
        )
    root = configs.resolve().parent
    proposal = proposed(request, opened(request))
    show(proposal)
    if not (dry_run or yes) and sys.stdin.isatty() and sys.stdout.isatty():
        if input("Enter writes these files, q quits: ").strip():
            raise ConfigError("you quit; nothing was written")
    if dry_run:
        say("dry run   nothing was written")
        return proposal
    texts = {
        configs.resolve() / "contract.yaml": contract_text(proposal.contract, proposal.doubts),
        configs.resolve() / "data.yaml": data_text(proposal.data),
        package / "data" / "transform.py": TRANSFORM,
        package / "models" / "features.py": FEATURES,
    }
    tests = [root / "tests" / name for name in ("behaviour/test_flights.py", "data/test_example.py")]
    gone = [package / "data" / "example.py", *tests]
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
    database = "://" in request.path or (
        re.fullmatch("[A-Z_][A-Z0-9_]*", request.path) is not None and not path.exists()
    )
    if database != bool(request.table or request.query) or (request.table and request.query):
        raise ConfigError(
            f"'{request.path}' is {'a database' if database else 'a file'}: a database needs --table"
            " or --query, a file takes neither"
        )
    doubts: list[str] = []
    where = os.fspath(path.resolve())
    where = os.path.relpath(where) if path.resolve().is_relative_to(Path.cwd()) else where
    if database:
        said: dict[str, Any] = {_kind_with("table"): request.path}
        said |= {key: getattr(request, key) for key in ("table", "query") if getattr(request, key)}
        source = parse_source(json.dumps(said))
        return look(source, files(source_name(request), source, (), Path("data")), doubts)
    if not path.is_file():
        raise DataError(f"'{request.path}' does not exist; name a CSV, Parquet or JSON Lines file")
    with readable(path), path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"PK" or head == b"\xd0\xcf\x11\xe0":
        raise DataError(f"'{request.path}' is a zip or Excel file; unpack it, or save it as CSV")
    if head == b"PAR1":
        source = parse_source(json.dumps({"parquet": where}))
    elif head[:1] == b"{" or (head[:2] == GZIP and ".json" in path.name):
        source = parse_source(json.dumps({"jsonl": where}))
    else:
        source, doubts = dialect(path, where, request.target)
    return look(source, [path], doubts)


def _kind_with(key: str) -> str:
    """The kind of source that has a setting."""
    kinds = [k for k in READERS if k in SETTINGS and key in load(SETTINGS[k]).model_fields]
    if not kinds:
        raise ConfigError("this project reads files alone; add an option that reads databases first")
    return kinds[0]


def printable(text: str) -> str:
    """A text on one line, without characters that move a terminal's cursor or colours."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split(" ")))


def show(proposal: Proposal) -> None:
    """The row with its rules, and what is doubtful."""
    contract = proposal.contract
    rows = [
        (
            printable(name),
            "leak" if column.leaks else contract.role(name),
            column.type,
            printable(_rules(contract, name)),
            MASK
            if column.pii
            else printable(", ".join(text[:20] for text in proposal.examples[name][:3])),
        )
        for name, column in contract.columns.items()
    ]
    title = printable(f"{contract.name}: {contract.task} of {contract.target}")
    table(title, ("column", "role", "type", "rules", "values"), rows)
    for doubt in proposal.doubts:
        say(f"doubt     {printable(doubt)}")


def _rules(contract: Contract, name: str) -> str:
    column = contract.columns[name]
    said = [
        "may be missing" if column.nullable else "",
        f"from {column.minimum:g}" if column.minimum is not None else "",
        f"to {column.maximum:g}" if column.maximum is not None else "",
        column.why or "",
    ]
    if name == contract.target and contract.positive is not None:
        said.append(f"positive: {contract.positive}")
    if name == contract.target and contract.labels:
        said.append(f"labels: {', '.join(contract.labels[:5])}")
    return "; ".join(filter(None, said))


def write(root: Path, texts: Mapping[Path, str], gone: list[Path], *, force: bool) -> None:
    """Write all, or nothing where one was changed since it was rendered or last adopted.

    Raises:
        ConfigError: naming those that were changed.
    """
    record = root / RENDERED
    rendered: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    changed = []
    for path in (*texts, *gone):
        if not path.exists() or path.read_bytes() == texts.get(path, "").encode():
            continue
        if rendered.get(_key(path, root)) != sha256(path.read_bytes()).hexdigest():
            changed.append(_key(path, root))
    if changed and not force:
        raise ConfigError(
            f"{', '.join(changed)} {'was' if len(changed) == 1 else 'were'} changed by hand; nothing"
            " was written: keep a copy and say --force, or only look with --dry-run"
        )
    for path, text in texts.items():
        write_file(path, text.encode())
        rendered[_key(path, root)] = sha256(text.encode()).hexdigest()
        say(f"{'replaced' if _key(path, root) in changed else 'wrote':<9} {_key(path, root)}")
    for path in gone:
        path.unlink()
        rendered.pop(_key(path, root), None)
        say(f"removed   {_key(path, root)}")
    write_file(record, json.dumps(rendered, indent=2, sort_keys=True).encode())


def _key(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def contract_text(contract: Contract, doubts: Iterable[str]) -> str:
    """``contract.yaml``; reading it gives the contract again."""
    said = contract.model_dump(mode="json", exclude_defaults=True)
    columns, sources = said.pop("columns"), said.pop("sources")
    if contract.times:
        said["timezone"] = contract.timezone
    for column in columns.values():
        for key in {"minimum", "maximum"} & column.keys():
            number = column[key]
            column[key] = int(number) if number == int(number) and abs(number) < 2**53 else number
    lines = [
        "# yaml-language-server: $schema=contract.schema.json",
        "# Inferred by adopt: what comes in, and the row that model, requests, reports and tests see.",
        "# Yours to edit; every setting under columns: is explained in src/*/contract/.",
        *(f"# doubt: {printable(doubt)}" for doubt in doubts),
    ]
    blocks = [
        "\n".join([*lines, _yaml(said)]),
        "sources:\n" + _indented("".join(map(_source, sources.items()))),
        "columns:\n" + _indented(_yaml(columns)),
    ]
    return "\n\n".join(block.rstrip("\n") for block in blocks) + "\n"


def data_text(settings: Mapping[str, Any]) -> str:
    """``data.yaml``."""
    head = (
        "# make data — from the source to a dataset version below data/datasets/.\n"
        "# Every setting with its meaning: src/*/config/data.py.\n"
    )
    return head + _yaml(settings)


def _source(item: tuple[str, Mapping[str, Any]]) -> str:
    name, source = item
    return _yaml({name: None}).removesuffix(" null\n") + "\n" + _indented(_yaml(source))


def _yaml(values: Mapping[str, Any]) -> str:
    """One entry a line: lists and mappings inside one stand on its line."""
    return "".join(_entry(key, value) for key, value in values.items())


def _entry(key: str, value: Any, *, readable: bool = True) -> str:
    said = yaml.dump(
        {key: value},
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        default_flow_style=None if isinstance(value, dict | list) else False,
        allow_unicode=readable,
        sort_keys=False,
        width=WIDE,
    )
    # PyYAML folds these line breaks, and reads them back as others
    return _entry(key, value, readable=False) if readable and BREAKS & set(said) else str(said)


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.removesuffix("\n").split("\n"))
