"""The task, and the value whose probability is predicted, from the target's values."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal


from ..contract import Column, NumberFormat
from ..data.cast import FALSE, TRUE
from ..errors import DataError
from ..values import canonical_category
from .infer import MAYBE, Guess, labels_alike
from .look import ColumnStats

Task = Literal["binary", "multiclass", "regression"]
MOST_NUMBERS, MOST_LABELS, FEWEST_ROWS = 20, 100, 50
NO = {"no", "not", "non", "never", "none", "negative", "false", "without", "un"}
"""Words with which the other one of two values begins."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is predicted."""

    task: Task
    column: Column
    positive: bool | int | str | None = None
    labels: tuple[str, ...] | None = None
    doubts: tuple[str, ...] = ()
    numbers: NumberFormat | None = None
    missing: tuple[str, ...] = ()


def target_of(stats: ColumnStats, found: Guess, task: Task | None, positive: str | None) -> Target:
    """What the values of the target ask for, unless ``task`` says it.

    Raises:
        DataError: they fit no task, or not the one that is said.
    """
    name, kind = stats.name, found.column.type
    if kind == "timestamp":
        raise DataError(
            f"the target '{name}' holds times, such as {stats.examples[0]!r}; make a number or a"
            " category of it in a copy of the file, or name another column"
        )
    counts, odd = _labels(stats, found)
    if len(counts) < 2:
        held = f"is always {next(iter(counts))!r}" if counts else "has no value"
        raise DataError(f"the target '{name}' {held}: there is nothing to predict")
    number = found.values is not None
    if number:
        numeric = {float(v) for v in found.values.drop_nulls().to_list()}  # type: ignore[union-attr]
    task = task or _task(counts, numeric if number else None)
    if positive is not None and task != "binary":
        raise DataError(f"--positive is for two values, but this is a {task}; leave it out")
    if task == "regression":
        return _regression(stats, found)
    if number and found.numbers is not None:
        raise DataError(
            f"the target '{name}' holds numbers written as {stats.examples[0]!r}: say --task regression"
        )
    if len(counts) > MOST_LABELS:
        raise DataError(
            f"the target '{name}' has {len(counts):,} different texts, such as"
            f" {', '.join(map(repr, stats.examples[:3]))}; at most {MOST_LABELS} can be told apart:"
            " group them in a copy of the file, or name another column"
        )
    doubts = [*_of_rows(stats, odd, counts), *labels_alike(counts)]
    missing = tuple(odd)
    if task == "binary":
        return _binary(stats, found, counts, positive, doubts, missing)
    if number:
        doubts.append(
            f"has {len(counts)} different numbers, which are taken as labels without order; for an"
            " amount say --task regression"
        )
    column = Column(type="category", nullable=bool(missing) or not stats.complete)
    labels = tuple(sorted(counts, key=_natural))
    return Target(
        task="multiclass", column=column, labels=labels, doubts=tuple(doubts), missing=missing
    )


def _labels(stats: ColumnStats, found: Guess) -> tuple[Counter[str], dict[str, int]]:
    """How often each label stands there in its one form, and texts that are taken for none."""
    counts: Counter[str] = Counter()
    texts: dict[str, list[str]] = {}
    for text, n in stats.known.iter_rows():
        if found.column.type == "boolean" or str(text) not in found.missing:
            value = _form(str(text), found)
            counts[value] += n
            texts.setdefault(value, []).append(str(text))
    if found.column.type == "boolean":
        counts = Counter({value: counts[value] for value in counts if value in {"true", "false"}})
        return counts, dict.fromkeys(found.missing, 0)
    odd = {text: 0 for text in found.missing}
    if stats.is_text and found.column.type != "float":
        rare = [v for v, n in counts.items() if n == 1 and stats.n_known >= FEWEST_ROWS]
        many = [v for v, n in counts.items() if n >= 5]
        if 2 <= len(many) <= MOST_NUMBERS and 0 < len(rare) <= 3 and len(many) + len(rare) == len(counts):
            odd |= {text: 1 for value in rare for text in texts[value]}
        if len(counts) == 3 and (unsure := [v for v in counts if v.lower() in MAYBE]):
            odd |= {text: counts[value] for value in unsure[:1] for text in texts[value]}
    return Counter({v: n for v, n in counts.items() if not set(texts[v]) & set(odd)}), odd


def _form(text: str, found: Guess) -> str:
    """The one form of a value: true and false where all say yes or no."""
    value = canonical_category(text)
    if found.column.type != "boolean" or value.lower() not in TRUE + FALSE:
        return value
    return "true" if value.lower() in TRUE else "false"


def _task(counts: Counter[str], numbers: set[float] | None) -> Task:
    if len(counts) == 2:
        return "binary"
    if numbers is None:
        return "multiclass"
    whole = all(number.is_integer() for number in numbers)
    return "multiclass" if whole and len(numbers) <= MOST_NUMBERS else "regression"


def _of_rows(stats: ColumnStats, odd: dict[str, int], counts: Counter[str]) -> list[str]:
    doubts = []
    if shown := [text for text, n in odd.items() if n]:
        n = sum(odd.values())
        doubts.append(
            f"is {shown[0]!r} in {n:,} row{'s' * (n > 1)}: read as missing, since the other rows say"
            f" {' or '.join(map(repr, list(counts)[:3]))}; if it is a label, take it out of"
            " missing_by_column"
        )
    unlabelled = stats.n_rows - counts.total()
    if unlabelled:
        doubts.append(f"has no label in {unlabelled:,} rows: they are left out as unlabelled")
    if maybe := [value for value in counts if value.lower() in MAYBE - {"none"}]:
        doubts.append(f"keeps {maybe[0]!r} as a label; if it means missing, say missing_by_column")
    return doubts


def _regression(stats: ColumnStats, found: Guess) -> Target:
    if found.values is None:
        raise DataError(
            f"the target '{stats.name}' holds texts that are no numbers; it begins with"
            f" {', '.join(map(repr, stats.examples))}: mend them, or leave --task regression out"
        )
    doubts = list(found.doubts)
    lost = set(found.missing)
    n = stats.n_rows - sum(n for text, n in stats.known.iter_rows() if str(text) not in lost)
    if n:
        doubts.append(f"has no value in {n:,} rows: they are left out as unlabelled")
    kind = "float" if found.column.type not in {"integer", "float"} else found.column.type
    column = Column.model_validate(
        {"type": kind, "nullable": bool(n)} | ({"on_violation": {"type": "null"}} if n else {})
    )
    return Target(
        task="regression",
        column=column,
        doubts=tuple(doubts),
        numbers=found.numbers,
        missing=found.missing,
    )


def _binary(
    stats: ColumnStats,
    found: Guess,
    counts: Counter[str],
    positive: str | None,
    doubts: list[str],
    missing: tuple[str, ...],
) -> Target:
    shown = " and ".join(map(repr, sorted(counts)[:10]))
    if len(counts) != 2:
        raise DataError(
            f"the target '{stats.name}' has {len(counts)} values, and a binary task has two; they are"
            f" {shown}"
        )
    value, sure = _positive(counts)
    if positive is not None:
        value, sure = _form(positive, found), True
        if value not in counts:
            raise DataError(f"--positive: no row has {positive!r}; the values are {shown}")
    if not sure:
        share = counts[value] / counts.total()
        doubts.append(
            f"is positive where it is {value!r}, since that is rarer ({share:.1%}); else say --positive"
        )
    nullable = bool(missing) or not stats.complete
    said: dict[str, object] = {"task": "binary", "doubts": tuple(doubts), "missing": missing}
    if found.column.type == "boolean":
        column, wanted = Column(type="boolean", nullable=nullable), value == "true"
        return Target(column=column, positive=wanted, **said)  # type: ignore[arg-type]
    if all(label.lstrip("-").isascii() and label.lstrip("-").isdigit() for label in counts):
        column = Column(type="integer", nullable=nullable)
        return Target(column=column, positive=int(value), **said)  # type: ignore[arg-type]
    column = Column(type="category", nullable=nullable)
    labels = tuple(sorted(counts, key=_natural))
    return Target(column=column, positive=value, labels=labels, **said)  # type: ignore[arg-type]


def _positive(counts: Counter[str]) -> tuple[str, bool]:
    """The positive one of two values, and whether its words say so; else the rarer."""
    one, two = sorted(counts, key=lambda value: (counts[value], value))
    says = [_says(value) for value in (one, two)]
    if says[0] != says[1]:
        return (one if says[0] > says[1] else two), True
    return one, False


def _says(value: str) -> int:
    low = value.lower()
    if low.replace("-", " ").split()[:1] and low.replace("-", " ").split()[0] in NO:
        return -1
    return {"0": -1, "-1": -1, "false": -1, "true": 1}.get(low, -1 if low[:1] in "<≤" else 0)


def _natural(value: str) -> tuple[float, str, str]:
    """Numbers in their order, before texts in that of the alphabet."""
    try:
        return float(value), "", value
    except ValueError:
        return float("inf"), value.casefold(), value
