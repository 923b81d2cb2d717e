"""The task, and the value whose probability is predicted, from the target's values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..contract import Column, ColumnType
from ..data.cast import FALSE, TRUE
from ..errors import DataError
from ..values import canonical_category
from .infer import MAYBE, Guess, alike
from .look import ColumnStats

Task = Literal["binary", "multiclass", "regression"]
MOST_NUMBERS, MOST_LABELS, FEWEST_ROWS, OFTEN = 20, 100, 50, 5
SAYS = {"0": -1, "-1": -1, "false": -1, "true": 1} | dict.fromkeys(
    "no not non never none negative without".split(), -1
)
"""Words that one of two values begins with, and whether it is the positive one."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is predicted."""

    task: Task
    guess: Guess
    positive: bool | int | str | None = None
    labels: tuple[str, ...] | None = None


def target_of(stats: ColumnStats, found: Guess, task: Task | None, positive: str | None) -> Target:
    """What the values of the target ask for, unless ``task`` says it.

    Raises:
        DataError: they fit no task, or not the one that is said.
    """
    name = stats.name
    if found.column.type == "timestamp":
        raise DataError(
            f"the target {name!r} holds times, such as {stats.examples[0]!r}; make a number or a"
            " category of it in a copy of the file, or name another column"
        )
    counts, odd = _labels(stats, found)
    if len(counts) < 2:
        held = f"is always {next(iter(counts))!r}" if counts else "has no value"
        raise DataError(f"the target {name!r} {held}: there is nothing to predict")
    task = task or _task(counts, found)
    if positive is not None and task != "binary":
        raise DataError(f"--positive is for two values, but this is a {task}; leave it out")
    if task == "regression":
        return Target(task=task, guess=_amount(stats, found))
    shown = ", ".join(map(repr, sorted(counts)[:5]))
    if len(counts) > MOST_LABELS or (task == "binary" and len(counts) != 2):
        limit = "a binary task has two" if task == "binary" else f"at most {MOST_LABELS} can be told apart"
        raise DataError(
            f"the target {name!r} has {len(counts):,} different values, such as {shown}; {limit}: group"
            " them in a copy of the file, or name another column"
        )
    doubts = [*_doubts(stats, odd, counts), *alike(counts)]
    labels = tuple(sorted(counts, key=_natural))
    kind: ColumnType = "category"
    value: bool | int | str | None = None
    if task == "binary":
        text, sure = _positive(counts) if positive is None else (_form(positive, found), True)
        if text not in counts:
            raise DataError(f"--positive: no row has {positive!r}; the values are {shown}")
        kind, value = _typed(text, counts, found)
        share = counts[text] / counts.total()
        doubts += [
            f"is positive where it is {text!r}, since that is rarer ({share:.1%}); else say --positive"
        ] * (not sure)
    elif found.values is not None:
        doubts.append(
            f"has {len(counts)} different numbers, such as {labels[0]!r}, which are taken as labels"
            " without order; for an amount say --task regression"
        )
    column = Column(type=kind, nullable=bool(odd) or not stats.complete)
    guess = Guess(column=column, doubts=tuple(doubts), missing=tuple(odd))
    return Target(task=task, guess=guess, positive=value, labels=labels if kind == "category" else None)


def _labels(stats: ColumnStats, found: Guess) -> tuple[Counter[str], dict[str, int]]:
    """How often each label stands there in its one form, and texts that are taken for none."""
    counts: Counter[str] = Counter()
    texts: dict[str, list[str]] = {}
    odd = {text: 0 for text in found.missing}
    for text, n in zip(map(str, stats.known), stats.counts, strict=True):
        if text not in odd:
            counts[value := _form(text, found)] += n
            texts.setdefault(value, []).append(text)
    rare = [value for value, n in counts.items() if n == 1]
    often = [value for value, n in counts.items() if n >= OFTEN]
    unsure = [value for value in counts if value.lower() in MAYBE]
    gone = unsure[:1] if len(counts) == 3 else []
    if 2 <= len(often) <= MOST_NUMBERS and len(often) + len(rare) == len(counts) and len(rare) <= 3:
        gone += rare if stats.n_known >= FEWEST_ROWS else []
    odd |= {text: counts[value] for value in gone for text in texts[value]}
    return Counter({value: n for value, n in counts.items() if value not in gone}), odd


def _form(text: str, found: Guess) -> str:
    """The one form of a value: true and false where all say yes or no."""
    value = canonical_category(text)
    if found.column.type != "boolean" or value.lower() not in TRUE + FALSE:
        return value
    return "true" if value.lower() in TRUE else "false"


def _task(counts: Counter[str], found: Guess) -> Task:
    if len(counts) == 2:
        return "binary"
    if found.values is None:
        return "multiclass"
    known = found.values.drop_nulls()
    few = len(counts) <= MOST_NUMBERS and found.numbers is None
    return "multiclass" if few and (known.floor() == known).all() else "regression"


def _doubts(stats: ColumnStats, odd: Mapping[str, int], counts: Counter[str]) -> list[str]:
    doubts = []
    if shown := [text for text, n in odd.items() if n] or list(odd):
        doubts.append(
            f"is {shown[0]!r} in some rows: read as missing, since others are"
            f" {' or '.join(map(repr, list(counts)[:3]))}; if it is a label, take it out of"
            " missing_by_column"
        )
    if unlabelled := stats.n_rows - counts.total():
        doubts.append(f"has no label in {unlabelled:,} rows: they are left out as unlabelled")
    if maybe := [value for value in counts if value.lower() in MAYBE]:
        doubts.append(f"keeps {maybe[0]!r} as a label; if it means missing, say missing_by_column")
    return doubts


def _amount(stats: ColumnStats, found: Guess) -> Guess:
    if found.values is None:
        raise DataError(
            f"the target {stats.name!r} holds texts that are no numbers; it begins with"
            f" {', '.join(map(repr, stats.examples))}: mend them, or leave --task regression out"
        )
    gone = stats.known.cast(str).is_in(list(found.missing))
    n = stats.n_rows - int(stats.counts.filter(~gone).sum() or 0)
    doubts = [f"has no value in {n:,} rows: they are left out as unlabelled"] * bool(n)
    mends: dict[str, object] = {"on_violation": {"type": "null"}} if found.missing else {}
    kind = "integer" if found.column.type == "integer" else "float"
    column = Column.model_validate({"type": kind, "nullable": n > 0} | mends)
    return Guess(
        column=column,
        doubts=(*found.doubts, *doubts),
        missing=found.missing,
        numbers=found.numbers,
    )


def _typed(text: str, counts: Counter[str], found: Guess) -> tuple[ColumnType, bool | int | str]:
    if found.column.type == "boolean":
        return "boolean", text == "true"
    if all(label.removeprefix("-").isdecimal() and label.isascii() for label in counts):
        return "integer", int(text)
    return "category", text


def _positive(counts: Counter[str]) -> tuple[str, bool]:
    """The positive one of two values, and whether its words say so; else the rarer."""
    one, two = sorted(counts, key=lambda value: (counts[value], value))
    says = [_says(value.lower()) for value in (one, two)]
    return (two if says[1] > says[0] else one), says[0] != says[1]


def _says(value: str) -> int:
    first = value.lstrip("-").replace("-", " ").partition(" ")[0]
    return SAYS.get(value, SAYS.get(first, -1 if value[:1] in "<≤" else 0))


def _natural(value: str) -> tuple[float, str, str]:
    """Numbers in their order, before texts in that of the alphabet."""
    try:
        return float(value), "", value
    except ValueError:
        return float("inf"), value.casefold(), value
