"""The task, and the value whose probability is predicted, from the target's values."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from ...contract import Column
from ...errors import DataError
from ...values import canonical_category
from ..convert import FALSE, TRUE
from .facts import Facts
from .infer import MOST_BAD, boolean, numeric
from .words import NEGATIVE, POSITIVE, words_of

Task = Literal["binary", "multiclass", "regression"]
MOST_NUMBERS, MOST_LABELS = 20, 100


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is predicted."""

    task: Task
    column: Column
    positive: bool | int | str | None = None
    labels: tuple[str, ...] | None = None
    doubts: tuple[str, ...] = ()


def target_of(facts: Facts, task: Task | None, positive: str | None) -> Target:
    """What the values of the target ask for, unless ``task`` says it.

    Raises:
        DataError: they fit no task, or not the one that is said.
    """
    values = _values(facts)
    if len(values or ()) == 1 or not facts.n_known:
        found = f"is always {next(iter(values or ()))!r}" if values else "has no value"
        raise DataError(f"the target '{facts.name}' {found}: there is nothing to predict")
    if any(facts.bad(form) <= MOST_BAD for form in facts.fits if form.startswith(("%", "time"))):
        raise DataError(
            f"the target '{facts.name}' holds times, such as {facts.examples[0]!r}; make a number"
            " or a category of it in a copy of the file, or name another column"
        )
    task = task or _task(facts, values)
    if positive is not None and task != "binary":
        raise DataError(f"--positive is for two values, but this is a {task}; leave it out")
    unlabelled = facts.n_rows - facts.n_known
    doubts = []
    if unlabelled:
        doubts.append(
            f"{unlabelled:,} rows have no `{facts.name}`: they are left out as unlabelled"
        )
    if "" in (values or ()):
        doubts.append(f"a blank text is a value of `{facts.name}`: make it null if it is missing")
    if task == "regression":
        return _regression(facts, doubts)
    if values is None or len(values) > MOST_LABELS:
        raise DataError(
            f"the target '{facts.name}' has {'more than 10,000' if values is None else len(values)}"
            f" different texts, such as {', '.join(map(repr, facts.examples[:3]))}; at most"
            f" {MOST_LABELS} can be told apart: group them in a copy of the file, or name another"
        )
    if task == "binary":
        return _binary(facts, values, positive, doubts)
    labels = sorted(values, key=_natural)
    if facts.bad("float") == 0:
        doubts.append(
            f"`{facts.name}` has {len(values)} different numbers, which are taken as labels without"
            " order; for an amount say --task regression"
        )
    return Target(
        task="multiclass",
        column=Column(type="category", nullable=not facts.complete),
        labels=tuple(labels),
        doubts=tuple(doubts),
    )


def _values(facts: Facts) -> Counter[str] | None:
    """How often each value stands there, in the one form that the contract gives it."""
    if facts.counts is None:
        return None
    values: Counter[str] = Counter()
    for text, count in facts.counts.items():
        values[_form(text, facts)] += count
    return values


def _form(text: str, facts: Facts) -> str:
    """The one form of a value: true and false where all say yes or no."""
    value = canonical_category(text)
    if not boolean(facts) or value.lower() not in TRUE + FALSE:
        return value
    return "true" if value.lower() in TRUE else "false"


def _task(facts: Facts, values: Counter[str] | None) -> Task:
    if values is not None and len(values) == 2:
        return "binary"
    if facts.bad("integer") == 0:
        few = values is not None and len(values) <= MOST_NUMBERS
        return "multiclass" if few else "regression"
    if numeric(facts):
        return "regression"
    return "multiclass"


def _regression(facts: Facts, doubts: list[str]) -> Target:
    if facts.bad("float") > MOST_BAD:
        raise DataError(
            f"the target '{facts.name}' holds texts that are no numbers; it begins with"
            f" {', '.join(map(repr, facts.examples))}: mend them, or leave --task regression out"
        )
    bad = facts.fits["float"].n_bad
    whole = facts.bad("integer") == 0
    mends: dict[str, object] = {"on_violation": {"type": "null"}} if bad else {}
    if bad:
        shown = ", ".join(map(repr, facts.fits["float"].examples[:3]))
        doubts.append(
            f"{bad:,} values of `{facts.name}` are no numbers, such as {shown}: unlabelled"
        )
    said = {"type": "integer" if whole else "float", "nullable": bool(bad) or not facts.complete}
    return Target(
        task="regression", column=Column.model_validate(said | mends), doubts=tuple(doubts)
    )


def _binary(facts: Facts, values: Counter[str], positive: str | None, doubts: list[str]) -> Target:
    if len(values) != 2:
        raise DataError(
            f"the target '{facts.name}' has {len(values)} values, and a binary task has two;"
            f" they are {', '.join(map(repr, sorted(values)[:10]))}"
        )
    found, sure = _positive(values)
    if positive is not None:
        wanted = _form(positive, facts)
        if wanted not in values:
            raise DataError(
                f"--positive: no row has {positive!r}; the values are"
                f" {' and '.join(map(repr, sorted(values)))}"
            )
        found, sure = wanted, True
    if not sure:
        share = values[found] / values.total()
        doubts.append(
            f"{found!r} of `{facts.name}` is taken as positive since it is rarer ({share:.1%});"
            " else say --positive"
        )
    nullable = not facts.complete
    if boolean(facts):
        column, value = Column(type="boolean", nullable=nullable), found == "true"
        return Target(task="binary", column=column, positive=value, doubts=tuple(doubts))
    if facts.bad("integer") == 0:
        column = Column(type="integer", nullable=nullable)
        return Target(task="binary", column=column, positive=int(found), doubts=tuple(doubts))
    return Target(
        task="binary",
        column=Column(type="category", nullable=nullable),
        positive=found,
        labels=tuple(sorted(values, key=_natural)),
        doubts=tuple(doubts),
    )


def _positive(values: Counter[str]) -> tuple[str, bool]:
    """The positive one of two values, and whether its words say so; else the rarer."""
    one, two = sorted(values, key=lambda value: (values[value], value))
    says = [_says(value) for value in (one, two)]
    if says[0] != says[1]:
        return (one if says[0] > says[1] else two), True
    return one, {one, two} in ({"-1", "1"}, {"0", "1"})


def _says(value: str) -> int:
    words = {value.lower(), *words_of(value)}
    if words & NEGATIVE or value.startswith(("<", "≤", "-")):
        return -1
    return int(bool(words & POSITIVE) or value.startswith((">", "≥")))


def _natural(value: str) -> tuple[float, str, str]:
    """Numbers in their order, before texts in that of the alphabet."""
    try:
        return float(value), "", value
    except ValueError:
        return float("inf"), value.casefold(), value
