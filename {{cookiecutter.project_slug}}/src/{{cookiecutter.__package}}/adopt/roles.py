"""What columns are to the rows: the target and its task, the time, the id, groups and leaks."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import polars as pl

from ..contract import Column, ColumnType, Contract
from ..data.cast import Form, cast
from ..data.leakage import tellings
from ..errors import DataError
from .infer import COUNTER, MAYBE, Guess
from .look import ColumnStats, listed

Task = Literal["binary", "multiclass", "regression"]
MOST_NUMBERS, MOST_LABELS, FEWEST_LABELS, OFTEN, MOST_RARE = 20, 100, 50, 5, 3
NO = ["0", "-1", "false", "no", "not", "non", "never", "none", "negative", "without"]
"""What the other one of two values begins with."""
KEY, GROUP = "names each row", "names what several rows are about"
FEW, FEWEST_ROWS, MOST_COMPARED, COMPARED_ROWS, LEAK_ROWS = 20, 100, 100, 20_000, 200
SUSPECT, EXACT, MOST_TOGETHER, MOST_SUMMED = 0.99, 0.9999, 6, 2000
PARTS = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23)}
"""Parts of a time, and between which ends each lies."""
Columns = Mapping[str, ColumnStats]
Guesses = Mapping[str, Guess]


def without_noise(stats: ColumnStats) -> ColumnStats:
    """A target's texts without the few that stand once among labels, and the word for missing."""
    if not stats.is_text:
        return stats
    labels = _labels(stats.known)
    counts = _counts(labels, stats.counts)
    rare = [label for label, n in counts.items() if n == 1]
    often = sum(n >= OFTEN for n in counts.values())
    few = len(rare) <= MOST_RARE and 2 <= often == len(counts) - len(rare) <= MOST_NUMBERS
    noise = rare if few and stats.n_known >= FEWEST_LABELS else []
    noise += [label for label in counts if label.lower() in MAYBE][:1] if len(counts) == 3 else []
    return ColumnStats(stats.values, stats.known.filter(labels.is_in(noise)).to_list())


def target_of(
    stats: ColumnStats, guess: Guess, task: Task | None, positive: str | None
) -> tuple[Guess, dict[str, Any]]:
    """The target's column; and task, positive value and labels, as the contract has them.

    Raises:
        DataError: the task cannot be learnt from the values, or they have no such positive one.
    """
    texts, logical = stats.known.cast(pl.String), guess.column.type == "boolean"
    absent = texts.is_in(list(guess.missing))
    if guess.values is not None:
        absent |= pl.Series(np.isnan(guess.values))
    known = _labels(texts, logical=logical).set(absent, None)
    counts = _counts(known, stats.counts)
    labels, doubts = sorted(counts, key=_in_order), [*guess.doubts]
    task = task or _task(counts, guess)
    if problem := _problem(stats, guess, labels, task):
        raise DataError(f"the target {stats.values.name!r} {problem}, or name another column")
    chosen = positive and _labels([positive], logical=logical)[0]
    if positive is not None and (task != "binary" or chosen not in counts):
        raise DataError(f"no --positive {positive!r}: {task}, the values are {listed(labels)}")
    if n_missing := stats.n_rows - sum(counts.values()):
        what = "value" if task == "regression" else "label"
        doubts.append(f"has no {what} in {n_missing:,} rows: they are left out as unlabelled")
    if task == "regression":
        rules = {"minimum": None, "maximum": None, "nullable": n_missing > 0}
        column = guess.column.model_copy(update=rules)
        return replace(guess, column=column, doubts=doubts), {"task": task}
    kind: ColumnType = "category"
    settings: dict[str, Any] = {"task": task, "labels": labels}
    if task == "binary":
        value, is_sure = (chosen, True) if chosen else _positive(counts)
        share = counts[value] / sum(counts.values())
        rarer = f"is positive where it is {value!r}, the rarer ({share:.1%}); else say --positive"
        doubts += [] if is_sure else [rarer]
        settings["positive"] = value
        if logical or (guess.column.type == "integer" and not guess.numbers):
            kind = guess.column.type
            settings = {"task": task, "positive": value == "true" if logical else int(value)}
    elif guess.values is not None:
        end = "taken as labels without order; for an amount say --task regression"
        doubts.append(f"has {len(counts)} different numbers, such as {listed(labels)}: {end}")
    column = Column(type=kind, nullable=n_missing > 0)
    return Guess(column=column, doubts=doubts, missing=guess.missing), settings


def _problem(stats: ColumnStats, guess: Guess, labels: list[str], task: Task) -> str | None:
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
    """The positive one of two values, and whether its text says so; else the rarer."""
    one, two = sorted(counts, key=lambda value: (counts[value], value))
    low = (value.lower() for value in (one, two))
    no = [v in NO or v.replace("-", " ").split(" ")[0] in NO or v[:1] in "<≤" for v in low]
    return (two if no[0] and not no[1] else one), no[0] != no[1]


def _in_order(value: str) -> tuple[float, str]:
    """Numbers by their size, before texts in the order of the alphabet."""
    is_number = value.removeprefix("-").replace(".", "", 1).isdecimal()
    return (float(value), "") if is_number else (float("inf"), value.casefold())


def time_of(name: str | None, columns: Columns, guesses: Guesses) -> str | None:
    """The time: what is named, or the only complete timestamp.

    Raises:
        DataError: the named column holds no times, or not in every row.
    """
    times = [n for n, one in guesses.items() if one.column.type == "timestamp"]
    complete = [n for n in times if not guesses[n].column.nullable]
    if name is None:
        return complete[0] if len(complete) == 1 else None
    if name in complete:
        return name
    stats = columns[name]
    problem = "; ".join([f"holds no times, such as {stats.examples}", *guesses[name].doubts])
    if name in times:
        n_odd = stats.rows_of(guesses[name].missing)
        problem = f"has {stats.n_rows - stats.n_known:,} gaps and {n_odd:,} other texts"
        problem += " (a row of totals? take it out)"
    raise DataError(f"--time: {name!r} {problem}; name a column of times, or leave --time out")


def keys(
    id_: str | None, columns: Columns, guesses: Guesses, taken: Collection[str | None]
) -> dict[str, Guess]:
    """The id, and columns that name what several rows are about, by what their values do.

    Raises:
        DataError: the named id does not name each row once.
    """
    free = [name for name in columns if name not in taken and not guesses[name].column.pii]
    first, result = next(iter(columns)), dict[str, Guess]()
    unique = (n for n in free if _names_rows(columns[n], guesses[n], is_first=n == first))
    if name := id_ or next(unique, None):
        stats = columns[name]
        again, gaps = stats.n_known - len(stats.known), stats.n_rows - stats.n_known
        if again or gaps:
            problem = f"{again:,} rows repeat a value and {gaps:,} have none"
            raise DataError(
                f"--id: {name!r} does not name each row once: {problem}; leave --id out"
            )
        column = Column(type="integer" if _is_whole(guesses[name]) else "string", why=KEY)
        doubt = "is taken as the id, since it names each row; say --id for another"
        result[name] = Guess(column=column, doubts=[] if id_ else [doubt])
    for name in free:
        if name not in result and _is_group(columns[name], guesses[name], columns):
            gaps = not columns[name].complete
            column = Column(type="category", nullable=gaps, role="metadata", why=GROUP)
            end = f"split: {{by: group, group: {name}}} in data.yaml keeps them apart"
            doubt = f"{GROUP}: no feature, and no value should be in training and test; {end}"
            result[name] = Guess(column=column, doubts=[doubt])
    return result


def _is_whole(guess: Guess) -> bool:
    return guess.column.type == "integer" or guess.column.why == COUNTER


def _names_rows(stats: ColumnStats, guess: Guess, *, is_first: bool) -> bool:
    """Whether values are all there, all different, and no measurements."""
    if not (stats.unique and stats.complete and stats.n_rows > FEW):
        return False
    if guess.values is not None:
        return is_first and _is_whole(guess) and not guess.missing and guess.values.min() >= 0
    return guess.column.type == "string" and bool(stats.known.str.contains(r"^\S*[0-9]\S*$").all())


def _is_group(stats: ColumnStats, guess: Guess, columns: Columns) -> bool:
    """Whether many values stand in several rows each, which agree in others more than by chance."""
    n, whole = len(stats.known), guess.column.type == "integer"
    if guess.numbers or not (whole or (guess.values is None and stats.is_text)):
        return False
    if n < FEW or not max(FEWEST_ROWS, 1.5 * n) <= stats.n_known <= 50 * n:
        return False
    key = stats.values.name
    others = [name for name in list(columns)[:MOST_COMPARED] if name != key]
    rows = pl.DataFrame([columns[name].values for name in (key, *others)]).head(COMPARED_ROWS)
    groups = rows.drop_nulls(key).group_by(key)
    same = groups.agg(pl.len().alias(" n"), pl.col(others).n_unique() == 1).filter(pl.col(" n") > 1)
    n_shared = 0
    for name in others:
        shares = rows[name].value_counts()["count"].to_numpy() / len(rows)
        by_chance = (shares**2).sum() > 0.6 or len(shares) > 0.8 * n
        n_shared += not by_chance and same[name].sum() > 0.95 * len(same) > 0
    return n_shared > whole


def spread(contract: Contract, rows: pl.DataFrame) -> Iterator[str]:
    """A doubt where columns together may say when a row happened."""
    parts: dict[str, str] = {}
    for name in (n for n in contract.numeric if contract.columns[n].type == "integer"):
        values = np.unique(rows[name].drop_nulls().to_numpy())
        for part, (least, most) in PARTS.items():
            inside = len(values) and least <= values[0] and values[-1] <= most
            if part not in parts and inside and (part == "year" or len(values) == most - least + 1):
                parts[part] = name
                break
    if "month" in parts and len(parts) > 1:
        shown = ", ".join(f"`{name}`" for name in parts.values())
        yield (
            f"{shown} may together be when a row happened, and rows are split by chance, so that the"
            " future trains and the past tests; make one time of them, and say --time"
        )


def leaks(rows: pl.DataFrame, contract: Contract) -> dict[str, str]:
    """Features that are suspected to be known only after the target, and why."""
    rows = rows.filter(pl.col(contract.target).is_not_null())
    if len(rows) < LEAK_ROWS:
        return {}
    alone = {n: v for n, v in tellings(rows, contract) if v >= SUSPECT and n != contract.time}
    result = {n: f"alone tells {contract.target} ({v:.3f} of 1)" for n, v in alone.items()}
    for name in contract.times if contract.time else ():
        later = (rows[name] > rows[contract.time]).drop_nulls()  # type: ignore[index]
        if len(later) and later.sum() >= SUSPECT * len(later):
            result[name] = f"always lies after {contract.time}"
    names = [name for name in contract.numeric if name not in result][:MOST_SUMMED]
    terms = _terms(rows, contract.target, names) if contract.task == "regression" else []
    for name in terms:
        others = ", ".join(one for one in terms if one != name)
        result[name] = f"together with {others} makes {contract.target}"
    return result


def _terms(rows: pl.DataFrame, target: str, names: list[str]) -> list[str]:
    """Columns of which the target is a sum or difference: chosen one by one, while that helps."""
    columns = pl.col(*names, target).cast(pl.Float64).clip(-1e100, 1e100)
    table = rows.head(COMPARED_ROWS).select((columns - columns.mean()).fill_null(0)).to_numpy()
    table, goal = table[:, :-1], table[:, -1]
    norms, chosen, left = np.linalg.norm(table, axis=0) + 1e-300, list[int](), goal
    while len(chosen) < min(MOST_TOGETHER, len(names)):
        chosen.append(int(np.argmax(np.abs(left @ table) / norms)))
        weights = np.linalg.lstsq(table[:, chosen], goal, rcond=None)[0]
        left = goal - table[:, chosen] @ weights
        if left @ left <= (1 - EXACT) * (goal @ goal):
            exact = len(chosen) > 1 and np.abs(np.abs(weights) - 1).max() < 0.02
            return [names[n] for n in chosen] if exact else []
    return []
