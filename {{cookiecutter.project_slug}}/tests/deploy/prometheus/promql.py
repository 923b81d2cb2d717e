"""Which metrics and labels an expression of PromQL names: a reader of its words, no parser."""

import re
from typing import NamedTuple

TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
DURATION = re.compile(r"\[[^\]]*\]")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
SELECTED = re.compile(r"([a-zA-Z_:][\w:]*+)\s*(?:\{([^}]*)\})?(?!\s*\()")
NAME = re.compile(r"[a-zA-Z_]\w*")
WORDS = frozenset(
    ["and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool", "inf", "nan"]
)


class Named(NamedTuple):
    """What an expression names."""

    metrics: dict[str, set[str]]
    """The labels that each metric is selected by."""
    grouping: set[str]
    """The labels by which results are put together."""


def named(expression: str) -> Named:
    """The metrics and labels of an expression."""
    plain = DURATION.sub("", TEXT.sub('""', expression))
    grouping = {name for group in GROUPING.findall(plain) for name in NAME.findall(group)}
    metrics: dict[str, set[str]] = {}
    for found in SELECTED.finditer(GROUPING.sub(" ", plain)):
        name, labels = found.group(1), found.group(2) or ""
        before = found.string[: found.start()]
        if name not in WORDS and not re.search(r"[\w.]$", before):
            metrics.setdefault(name, set()).update(NAME.findall(labels))
    return Named(metrics, grouping)
