"""The task, and the value whose probability is predicted, from the target's values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..contract import Column, ColumnType
from ..data.cast import FALSE, TRUE
from ..errors import DataError
from ..values import canonical_category
from .infer import MAYBE, Guess, alike
from .look import ColumnStats, listed

Task = Literal["binary", "multiclass", "regression"]
MOST_NUMBERS, MOST_LABELS, FEWEST_ROWS, OFTEN = 20, 100, 50, 5
NO = "0 -1 false no not non never none negative without".split()
"""What the other one of two values begins with."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is predicted."""

    task: Task
    guess: Guess
    positive: bool | int | str | None = None
    labels: Sequence[str] | None = None


def target_of(stats: ColumnStats, found: Guess, task: Task | None, positive: str | None) -> Target:
    """What the values of the target ask for, unless ``task`` says it.

    Raises:
        DataError: they fit no task, or not the one that is said.
    """
    what = f"the target {stats.name!r}"
    if found.column.type == "timestamp":
        end = "make a number or a category of it in a copy of the file, or name another column"
        raise DataError(f"{what} holds times, such as {stats.examples}; {end}")
    counts, odd = _labels(stats, found)
    if len(counts) < 2:
        held = f"is always {listed(counts)}" if counts else "has no value"
        raise DataError(f"{what} {held}: there is nothing to predict")
    task = task or _task(counts, found)
    if positive is not None and task != "binary":
        raise DataError(f"--positive is for two values, but this is a {task}; leave it out")
    if task == "regression":
        return Target(task=task, guess=_amount(stats, found))
    shown, labels = listed(sorted(counts)), sorted(counts, key=_natural)
    if len(counts) > MOST_LABELS or (task == "binary" and len(counts) != 2):
        limit = "a binary task has two" if task == "binary" else f"at most {MOST_LABELS} may be"
        end = f"{limit}: group them in a copy of the file, or name another column"
        raise DataError(f"{what} has {len(counts):,} different values, such as {shown}; {end}")
    doubts = [*_doubts(stats, odd, counts), *alike(counts)]
    gaps = bool(odd) or not stats.complete
    if task == "multiclass":
        if found.values is not None:
            end = "taken as labels without order; for an amount say --task regression"
            doubts.append(f"has {len(counts)} different numbers, such as {shown}: {end}")
        guess = Guess(column=Column(type="category", nullable=gaps), doubts=doubts, missing=odd)
        return Target(task=task, guess=guess, labels=labels)
    text, sure = _positive(counts) if positive is None else (_form(positive, found), True)
    if text not in counts:
        raise DataError(f"--positive: no row has {positive!r}; the values are {shown}")
    if not sure:
        share = counts[text] / counts.total()
        doubts.append(
            f"is positive where it is {text!r}, the rarer ({share:.1%}); else say --positive"
        )
    kind, value = _typed(text, counts, found)
    guess = Guess(column=Column(type=kind, nullable=gaps), doubts=doubts, missing=odd)
    return Target(
        task=task, guess=guess, positive=value, labels=labels if kind == "category" else None
    )


def _labels(stats: ColumnStats, found: Guess) -> tuple[Counter[str], list[str]]:
    """How often each label stands there in its one form, and texts that are taken for none."""
    forms = {text: _form(text, found) for text in map(str, stats.known)}
    forms = {text: form for text, form in forms.items() if text not in set(found.missing)}
    counts: Counter[str] = Counter()
    for text, n in zip(map(str, stats.known), stats.counts, strict=True):
        counts.update({forms[text]: n} if text in forms else {})
    rare = [value for value, n in counts.items() if n == 1]
    n_often = sum(n >= OFTEN for n in counts.values())
    gone = [value for value in counts if value.lower() in MAYBE][:1] if len(counts) == 3 else []
    if stats.n_known >= FEWEST_ROWS and len(rare) <= 3 and 2 <= n_often == len(counts) - len(rare):
        gone += rare if n_often <= MOST_NUMBERS else []
    for value in gone:
        counts.pop(value, None)
    return counts, [*found.missing, *(text for text, form in forms.items() if form in gone)]


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
    few, known = len(counts) <= MOST_NUMBERS and found.numbers is None, found.values
    whole = (np.floor(known) == known) | np.isnan(known)
    return "multiclass" if few and whole.all() else "regression"


def _doubts(stats: ColumnStats, odd: Sequence[str], counts: Counter[str]) -> list[str]:
    doubts = []
    if odd:
        rest = f"since others are {listed(counts)}; if they are labels, take them out of"
        doubts.append(f"is {listed(odd)} in some rows: read as missing, {rest} missing_by_column")
    if unlabelled := stats.n_rows - counts.total():
        doubts.append(f"has no label in {unlabelled:,} rows: they are left out as unlabelled")
    if maybe := [value for value in counts if value.lower() in MAYBE]:
        end = "as labels; if they mean missing, say missing_by_column"
        doubts.append(f"keeps {listed(maybe)} {end}")
    return doubts


def _amount(stats: ColumnStats, found: Guess) -> Guess:
    if found.values is None:
        end = "mend them, or leave --task regression out"
        raise DataError(f"the target {stats.name!r} holds texts, such as {stats.examples}: {end}")
    n = stats.n_rows - stats.n_known + stats.rows_of(found.missing)
    more = [f"has no value in {n:,} rows: they are left out as unlabelled"] if n else []
    said = {"minimum": None, "maximum": None, "nullable": n > 0}
    column = found.column.model_copy(update=said)
    return replace(found, column=column, doubts=[*found.doubts, *more])


def _typed(text: str, counts: Counter[str], found: Guess) -> tuple[ColumnType, bool | int | str]:
    if found.column.type == "boolean":
        return "boolean", text == "true"
    if all(label.removeprefix("-").isdecimal() and label.isascii() for label in counts):
        return "integer", int(text)
    return "category", text


def _positive(counts: Counter[str]) -> tuple[str, bool]:
    """The positive one of two values, and whether its words say so; else the rarer."""
    one, two = sorted(counts, key=lambda value: (counts[value], value))
    no = [_says_no(value.lower()) for value in (one, two)]
    return (two if no[0] and not no[1] else one), no[0] != no[1]


def _says_no(value: str) -> bool:
    return value in NO or value.replace("-", " ").split(" ")[0] in NO or value[:1] in "<≤"


def _natural(value: str) -> tuple[float, str, str]:
    """Numbers in their order, before texts in that of the alphabet."""
    try:
        return float(value), "", value
    except ValueError:
        return float("inf"), value.casefold(), value
