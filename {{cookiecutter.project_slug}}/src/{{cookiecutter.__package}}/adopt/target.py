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
NO = ["0", "-1", "false", "no", "not", "non", "never", "none", "negative", "without"]
"""What the other one of two values begins with."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is predicted."""

    task: Task
    guess: Guess
    positive: bool | int | str | None = None
    labels: Sequence[str] | None = None


def target_of(stats: ColumnStats, found: Guess, task: Task | None, positive: str | None) -> Target:
    """What the values of the target ask for, unless ``task`` says it."""
    counts, odd = _labels(stats, found)
    shown, labels = listed(sorted(counts)), sorted(counts, key=_natural)
    task = task or _task(counts, found)
    number = found.values is not None
    wrong = None
    if found.column.type == "timestamp":
        wrong = f"holds times, such as {stats.examples}; make a number or a category of it"
    elif len(counts) < 2:
        wrong = f"is always {shown}" if counts else "has no value"
    elif positive is not None and (task != "binary" or _form(positive, found) not in counts):
        wrong = f"has no --positive {positive!r}: this is a {task}, and the values are {shown}"
    elif task == "regression" and not number:
        wrong = f"holds texts, such as {stats.examples}; mend them, or leave --task out"
    elif task != "regression" and len(counts) > (2 if task == "binary" else MOST_LABELS):
        wrong = f"has {len(counts):,} different values, such as {shown}: too many; group them"
    if wrong:
        raise DataError(f"the target {stats.name!r} {wrong}, or name another column")
    if task == "regression":
        return Target(task=task, guess=_amount(stats, found))
    doubts = [*_doubts(stats, odd, counts), *alike(counts)]
    kind: ColumnType = "category"
    value: bool | int | str | None = None
    if task == "binary":
        text, sure = _positive(counts) if positive is None else (_form(positive, found), True)
        share = f"{counts[text] / counts.total():.1%}"
        rarer = f"is positive where it is {text!r}, the rarer ({share}); else say --positive"
        doubts += [] if sure else [rarer]
        kind, value = _typed(text, counts, found)
    elif number:
        end = "taken as labels without order; for an amount say --task regression"
        doubts.append(f"has {len(counts)} different numbers, such as {shown}: {end}")
    column = Column(type=kind, nullable=bool(odd) or not stats.complete)
    guess = Guess(column=column, doubts=doubts, missing=odd)
    named = labels if kind == "category" else None
    return Target(task=task, guess=guess, positive=value, labels=named)


def _labels(stats: ColumnStats, found: Guess) -> tuple[Counter[str], list[str]]:
    """How often each label stands there in its one form, and texts that are taken for none."""
    texts = zip(map(str, stats.known), stats.counts, strict=True)
    forms = [(text, _form(text, found), n) for text, n in texts if text not in found.missing]
    counts: Counter[str] = Counter()
    for _, form, n in forms:
        counts[form] += n
    rare = [value for value, n in counts.items() if n == 1]
    often = sum(n >= OFTEN for n in counts.values())
    gone = [value for value in counts if value.lower() in MAYBE][:1] if len(counts) == 3 else []
    few = len(rare) <= 3 and 2 <= often == len(counts) - len(rare) <= MOST_NUMBERS
    gone += rare if few and stats.n_known >= FEWEST_ROWS else []
    kept = Counter({value: n for value, n in counts.items() if value not in gone})
    return kept, [*found.missing, *(text for text, form, _ in forms if form in gone)]


def _form(text: str, found: Guess) -> str:
    """The one form of a value: true and false where all say yes or no."""
    value = canonical_category(text)
    if found.column.type != "boolean" or value.lower() not in TRUE + FALSE:
        return value
    return "true" if value.lower() in TRUE else "false"


def _task(counts: Counter[str], found: Guess) -> Task:
    """Binary for two values; a number for many or fractional ones, else one of several labels."""
    if len(counts) == 2 or found.values is None:
        return "binary" if len(counts) == 2 else "multiclass"
    whole = (np.floor(found.values) == found.values) | np.isnan(found.values)
    few = len(counts) <= MOST_NUMBERS and found.numbers is None
    return "multiclass" if few and whole.all() else "regression"


def _doubts(stats: ColumnStats, odd: Sequence[str], counts: Counter[str]) -> list[str]:
    """What to look at where the target is a label: texts among numbers, gaps, words for missing."""
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
    """A target that is a number; rows without one are left out, and no range is asked of it."""
    n = stats.n_rows - stats.n_known + stats.rows_of(found.missing)
    more = [f"has no value in {n:,} rows: they are left out as unlabelled"] if n else []
    said = {"minimum": None, "maximum": None, "nullable": n > 0 or found.column.nullable}
    column = found.column.model_copy(update=said)
    return replace(found, column=column, doubts=[*found.doubts, *more])


def _typed(text: str, counts: Counter[str], found: Guess) -> tuple[ColumnType, bool | int | str]:
    """A label by the type of all of them: true or false, a whole number, or a text."""
    if found.column.type == "boolean":
        return "boolean", text == "true"
    if all(label.removeprefix("-").isdecimal() and label.isascii() for label in counts):
        return "integer", int(text)
    return "category", text


def _positive(counts: Counter[str]) -> tuple[str, bool]:
    """The positive one of two values, and whether its words say so; else the rarer."""
    one, two = sorted(counts, key=lambda value: (counts[value], value))
    low = (value.lower() for value in (one, two))
    no = [v in NO or v.replace("-", " ").split(" ")[0] in NO or v[:1] in "<≤" for v in low]
    return (two if no[0] and not no[1] else one), no[0] != no[1]


def _natural(value: str) -> tuple[float, str, str]:
    """Numbers in their order, before texts in that of the alphabet."""
    number = value.removeprefix("-").replace(".", "", 1).isdecimal()
    return (float(value), "", value) if number else (float("inf"), value.casefold(), value)
