"""The two files as text: one column a line, the doubts on top."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from ...contract import Contract

WIDE = 1_000_000
BREAKS = set("\x85\u2028\u2029")


def contract_text(contract: Contract, doubts: Iterable[str]) -> str:
    """``contract.yaml``; reading it gives the contract again."""
    said = contract.model_dump(mode="json", exclude_defaults=True)
    columns = said.pop("columns")
    sources = said.pop("sources")
    if contract.times:
        said["timezone"] = contract.timezone
    for column in columns.values():
        for key in {"minimum", "maximum"} & column.keys():
            column[key] = _whole(column[key])
    doubts = list(doubts)
    lines = [
        "# yaml-language-server: $schema=contract.schema.json",
        "# Inferred by adopt: what comes in, and the row that model, requests, reports and tests see.",
        "# Yours to edit; every setting under columns: is explained in src/*/contract/.",
        *(["#", "# Doubts:"] if doubts else []),
        *(f"# - {_printable(doubt)}" for doubt in doubts),
    ]
    blocks = [
        "\n".join(lines),
        _yaml(said),
        "sources:\n" + _indented("".join(map(_source, sources.items()))),
        "columns:\n" + _indented(_yaml(columns)),
    ]
    head, *rest = (block.rstrip("\n") for block in blocks)
    return head + "\n" + "\n\n".join(rest) + "\n"


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
    said = yaml.safe_dump(
        {key: value},
        default_flow_style=None if isinstance(value, dict | list) else False,
        allow_unicode=readable,
        sort_keys=False,
        width=WIDE,
    )
    # PyYAML folds these line breaks, and reads them back as others
    return _entry(key, value, readable=False) if readable and BREAKS & set(said) else said


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.removesuffix("\n").split("\n"))


def _whole(number: float) -> float | int:
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))
