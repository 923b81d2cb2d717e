"""The task, and the value whose probability is predicted, from the target's values."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import polars as pl

from ..contract import Column, ColumnType
from ..data.cast import Form, cast
from ..errors import DataError
from .infer import MAYBE, Guess
from .look import ColumnStats, listed

Task = Literal["binary", "multiclass", "regression"]
MOST_NUMBERS, MOST_LABELS, FEWEST_ROWS, OFTEN, MOST_RARE = 20, 100, 50, 5, 3
NO = ["0", "-1", "false", "no", "not", "non", "never", "none", "negative", "without"]
"""What the other one of two values begins with."""


def without_noise(stats: ColumnStats) -> ColumnStats:
    """A target's texts without the few that stand once among labels, and the word for missing."""
    if not stats.is_text:
        return stats
    counts = _counts(_labels(stats.known), stats.counts)
    rare = [label for label, n in counts.items() if n == 1]
    often = sum(n >= OFTEN for n in counts.values())
    few = len(rare) <= MOST_RARE and 2 <= often == len(counts) - len(rare) <= MOST_NUMBERS
    noise = rare if few and stats.n_known >= FEWEST_ROWS else []
    noise += [label for label in counts if label.lower() in MAYBE][:1] if len(counts) == 3 else []
    texts = stats.known.filter(_labels(stats.known).is_in(noise))
    return ColumnStats(stats.name, stats.values, texts.to_list())


def target_of(
    stats: ColumnStats, guess: Guess, task: Task | None, positive: str | None
) -> tuple[Guess, dict[str, Any]]:
    """The target's column; and task, positive value and labels, as the contract has them."""
    texts, logical = stats.known.cast(pl.String), guess.column.type == "boolean"
    labels_of = _labels(texts, logical=logical).set(texts.is_in(list(guess.missing)), None)
    counts = _counts(labels_of, stats.counts)
    labels, doubts = sorted(counts, key=_natural), [*guess.doubts]
    task = task or _task(counts, guess)
    said = positive and _labels([positive], logical=logical)[0]
    if wrong := _wrong(stats, guess, labels, task):
        raise DataError(f"the target {stats.name!r} {wrong}, or name another column")
    if positive is not None and (task != "binary" or said not in counts):
        raise DataError(f"no --positive {positive!r}: {task}, the values are {listed(labels)}")
    if n_gone := stats.n_rows - sum(counts.values()):
        what = "value" if task == "regression" else "label"
        doubts.append(f"has no {what} in {n_gone:,} rows: they are left out as unlabelled")
    if task == "regression":
        rules = {"minimum": None, "maximum": None, "nullable": n_gone > 0}
        column = guess.column.model_copy(update=rules)
        return replace(guess, column=column, doubts=doubts), {"task": task}
    kind: ColumnType = "category"
    settings: dict[str, Any] = {"task": task, "labels": labels}
    if task == "binary":
        value, sure = (said, True) if said else _positive(counts)
        share = counts[value] / sum(counts.values())
        rarer = f"is positive where it is {value!r}, the rarer ({share:.1%}); else say --positive"
        doubts += [] if sure else [rarer]
        settings["positive"] = value
        if logical or (guess.column.type == "integer" and not guess.numbers):
            kind = guess.column.type
            settings = {"task": task, "positive": value == "true" if logical else int(value)}
    elif guess.values is not None:
        end = "taken as labels without order; for an amount say --task regression"
        doubts.append(f"has {len(counts)} different numbers, such as {listed(labels)}: {end}")
    column = Column(type=kind, nullable=n_gone > 0)
    return Guess(column=column, doubts=doubts, missing=guess.missing), settings


def _wrong(stats: ColumnStats, guess: Guess, labels: list[str], task: Task) -> str | None:
    """Why the task cannot be learnt from the values."""
    if guess.column.type == "timestamp":
        return f"holds times, such as {stats.examples}; make a number or a category of it"
    if len(labels) < 2:
        return f"is always {labels[0]!r}" if labels else "has no value"
    if task == "regression" and guess.values is None:
        return f"holds texts, such as {stats.examples}; mend them, or leave --task out"
    if task != "regression" and len(labels) > (2 if task == "binary" else MOST_LABELS):
        return f"has {len(labels):,} different values, such as {listed(labels)}: group them"
    return None


def _labels(texts: Iterable[str], *, logical: bool = False) -> pl.Series:
    """The one form of each text: as a category has it, or true and false."""
    values = pl.Series("label", texts, pl.String)
    return cast(values, Form(type="boolean" if logical else "category"), "UTC").cast(pl.String)


def _counts(labels: pl.Series, counts: pl.Series) -> dict[str, int]:
    """How often each label stands there."""
    rows = pl.DataFrame([labels, counts]).drop_nulls().group_by("label")
    return dict(rows.agg(pl.col("n").sum()).sort("label").rows())


def _task(counts: Mapping[str, int], guess: Guess) -> Task:
    """Binary for two values; a number for many or fractional ones, else one of several labels."""
    if len(counts) == 2 or guess.values is None:
        return "binary" if len(counts) == 2 else "multiclass"
    few = len(counts) <= MOST_NUMBERS and guess.numbers is None
    known = guess.values[~np.isnan(guess.values)]
    return "multiclass" if few and (np.floor(known) == known).all() else "regression"


def _positive(counts: Mapping[str, int]) -> tuple[str, bool]:
    """The positive one of two values, and whether its words say so; else the rarer."""
    one, two = sorted(counts, key=lambda value: (counts[value], value))
    low = (value.lower() for value in (one, two))
    no = [v in NO or v.replace("-", " ").split(" ")[0] in NO or v[:1] in "<≤" for v in low]
    return (two if no[0] and not no[1] else one), no[0] != no[1]


def _natural(value: str) -> tuple[float, str]:
    """Numbers in their order, before texts in that of the alphabet."""
    number = value.removeprefix("-").replace(".", "", 1).isdecimal()
    return (float(value), "") if number else (float("inf"), value.casefold())
