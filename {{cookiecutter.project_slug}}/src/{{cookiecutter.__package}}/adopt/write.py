"""``adopt``: a person's table → the contract and settings of this project, shown and written."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError
from ..storage import write_file
from ..terminal import printable, say, table
from .propose import Proposal

PACKAGE = __package__.partition(".")[0]
TESTS_OF_EXAMPLE = ("tests/behaviour/test_flights.py", "tests/data/test_example.py")
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


def show(proposal: Proposal) -> None:
    """Print the row, and what is doubtful."""
    contract = proposal.contract
    rows = [
        (name, contract.role(name), column.type, column.why or proposal.guesses[name].examples)
        for name, column in list(contract.columns.items())[:MOST_SHOWN]
    ]
    title = f"{contract.name}: {contract.task} of {contract.target}"
    table(title, ("column", "role", "type", "values, or what it is"), rows)
    for doubt in proposal.doubts:
        say(f"doubt     {doubt}")


def write(proposal: Proposal, configs: Path, *, force: bool = False) -> None:
    """Write the project's files and remove the example, or nothing where one is not as rendered.

    Raises:
        ConfigError: a file was changed by hand since it was rendered or last adopted.
    """
    configs = configs.resolve()
    root, code = configs.parent, f"src/{PACKAGE}"
    texts = {
        f"{configs.name}/contract.yaml": contract_text(proposal),
        f"{configs.name}/data.yaml": DATA + yaml.safe_dump(proposal.data, sort_keys=False),
        f"{code}/data/transform.py": TRANSFORM,
        f"{code}/models/features.py": FEATURES,
    }
    example = [f"{code}/data/example.py", *TESTS_OF_EXAMPLE]
    record = root / RENDERED
    rendered: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    there = {name: root / name for name in (*texts, *example) if (root / name).exists()}
    changed = [  # what is as it will be was written by a run that was killed
        name
        for name, path in there.items()
        if path.read_text("utf-8") != texts.get(name) and _hash(path) != rendered.get(name)
    ]
    if changed and not force:
        end = "keep a copy and say --force, or only look with --dry-run"
        raise ConfigError(f"{', '.join(changed)} was changed by hand; nothing was written: {end}")
    for name, text in texts.items():
        write_file(root / name, text.encode())
        rendered[name] = _hash(root / name)
        say(f"wrote     {name}")
    for name in sorted(there.keys() & example):
        there[name].unlink()
        rendered.pop(name, None)
        say(f"removed   {name}")
    write_file(record, json.dumps(rendered, indent=2, sort_keys=True).encode())
    say("next      make data, make train, make serve")


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def contract_text(proposal: Proposal) -> str:
    """``contract.yaml``; reading it gives the contract again."""
    contract, doubts = proposal.contract, proposal.doubts
    settings = contract.model_dump(mode="json", exclude_defaults=True)
    head = "".join(f"# doubt: {' '.join(printable(doubt).split())}\n" for doubt in doubts)
    odd = not contract.text.isprintable()  # PyYAML reads some of these characters back as others
    form: dict[str, Any] = {"width": 10**6, "sort_keys": False, "default_flow_style": None}
    text: str = yaml.dump(settings, Dumper=yaml.CSafeDumper, allow_unicode=not odd, **form)
    return CONTRACT + head + text
