"""``adopt``: a person's table → the contract and settings of this project, shown and written."""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from ...atomic import write_file
from ...contract import Contract, ParquetSource, Source, SqlSource
from ...contract.source import VARIABLE
from ...errors import ConfigError, DataError, MissingExtraError, ProjectError
from ...terminal import say, table
from ..chunks import MASK
from ..files import unreadable
from .draft import Draft, amended, drafted
from .look import look, opened_table
from .roles import Ask, source_name, zone_of
from .sniff import sniff
from .text import contract_text, data_text

PACKAGE = Path(__file__).parents[2]
RENDERED = ".rendered.json"
TRANSFORM = '''"""Yours: from the sources to the contract's row — joins, filters and the target's definition.

Set-level and offline. What is joined here, a caller of the server must send. Keep ``_source_row``
of the driving source: each of its rows may stay or go, never repeat.
"""

import ibis


def transform(sources: dict[str, ibis.Table]) -> ibis.Table:
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
    ask: Ask,
    configs: Path,
    *,
    dry_run: bool = False,
    force: bool = False,
    yes: bool = False,
    package: Path = PACKAGE,
) -> Draft:
    """Look at the table, show what it is taken for, and write the project's files.

    Raises:
        DataError: the table cannot be read, or is nothing to learn from.
        ConfigError: a file that would be overwritten was changed; nothing was written.
    """
    if not ask.path or not ask.target:
        raise ConfigError(
            "name your table and what to predict: make adopt CSV=rows.csv TARGET=column"
        )
    root = configs.resolve().parent
    source = source_of(ask)
    with opened_table(source, Path(ask.path), source_name(ask)) as opened:
        draft = drafted(ask, look(opened, zone_of(ask)))
    show(draft)
    if not (dry_run or yes) and sys.stdin.isatty() and sys.stdout.isatty():
        draft = asked(draft, input)
    if dry_run:
        say("dry run   nothing was written")
        return draft
    files = {
        configs.resolve() / "contract.yaml": contract_text(draft.contract, draft.doubts),
        configs.resolve() / "data.yaml": data_text(draft.data),
        package / "data" / "transform.py": TRANSFORM,
        package / "models" / "features.py": FEATURES,
    }
    tests = [
        root / "tests" / name for name in ("behaviour/test_flights.py", "data/test_example.py")
    ]
    gone = [package / "data" / "example.py", *tests]
    write(root, files, [path for path in gone if path.exists()], force=force)
    say("next      make data, make train, make serve")
    return draft


def source_of(ask: Ask) -> Source:
    """The kind of table that a path, URL or variable names.

    Raises:
        DataError: there is no such file, or it cannot be read.
        ConfigError: a database is named without table or query, or a file with one.
    """
    sql = "://" in ask.path or (
        re.fullmatch(VARIABLE, ask.path) is not None and not Path(ask.path).exists()
    )
    if sql != bool(ask.table or ask.query) or (ask.table and ask.query):
        raise ConfigError(
            f"'{ask.path}' is {'a database' if sql else 'a file'}: a database needs --table or"
            " --query, a file takes neither"
        )
    if sql:
        try:
            import sqlalchemy  # noqa: F401
        except ModuleNotFoundError:
            raise MissingExtraError("sqlalchemy", "sql") from None
        return _sql(ask)
    path = Path(ask.path)
    if not path.is_file():
        raise DataError(f"'{ask.path}' does not exist; name a CSV or Parquet file")
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise unreadable(path, error) from None
    if head == b"PAR1":
        return ParquetSource(parquet=_relative(ask.path))
    if head[:2] == b"PK":
        raise DataError(f"'{ask.path}' is a zip or Excel file; unpack it, or save it as CSV")
    return sniff(path, _relative(ask.path))


def _relative(path: str) -> str:
    """A path as seen from here, where it lies below."""
    try:
        return Path(path).resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return os.fspath(Path(path).resolve())


def _sql(ask: Ask) -> SqlSource:
    try:
        return SqlSource(sql=ask.path, table=ask.table, query=ask.query)
    except ValueError as error:
        said = str(error).splitlines()[2].partition("[type=")[0].strip()
        raise ConfigError(f"--table or --query: {said}") from None


def show(draft: Draft) -> None:
    """The row with its rules, and what is doubtful."""
    contract = draft.contract
    rows = [
        (
            name,
            "leak" if column.leaks else contract.role(name),
            column.type,
            _rules(contract, name),
            MASK if column.pii else ", ".join(text[:20] for text in draft.examples[name][:3]),
        )
        for name, column in contract.columns.items()
    ]
    title = f"{contract.name}: {contract.task} of {contract.target}"
    table(title, ("column", "role", "type", "rules", "values"), rows)
    for doubt in draft.doubts:
        say(f"doubt     {doubt}")


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


def asked(draft: Draft, ask: Callable[[str], str]) -> Draft:
    """Change the draft until the person accepts it.

    Raises:
        ConfigError: the person quits.
    """
    while True:
        answer = ask("Enter accepts, column=type changes, -column excludes, q quits: ").strip()
        if not answer:
            return draft
        if answer == "q":
            raise ConfigError("you quit; nothing was written")
        try:
            draft = amended(draft, answer)
            show(draft)
        except ProjectError as error:
            say(str(error))


def write(root: Path, files: Mapping[Path, str], gone: list[Path], *, force: bool) -> None:
    """Write all, or nothing where one was changed since it was rendered or last adopted.

    Raises:
        ConfigError: naming those that were changed.
    """
    record = root / RENDERED
    rendered: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    changed = []
    for path in (*files, *gone):
        if not path.exists() or path.read_bytes() == files.get(path, "").encode():
            continue
        if rendered.get(_key(path, root)) != sha256(path.read_bytes()).hexdigest():
            changed.append(_key(path, root))
    if changed and not force:
        raise ConfigError(
            f"{', '.join(changed)} {'was' if len(changed) == 1 else 'were'} changed by hand; nothing"
            " was written: keep a copy and say --force, or only look with --dry-run"
        )
    for path, text in files.items():
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
