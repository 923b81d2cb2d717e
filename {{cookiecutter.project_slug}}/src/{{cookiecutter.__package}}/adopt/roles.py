"""What columns are to the rows: the target and its task, the time, the id, groups and leaks."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import polars as pl

from ..contract import Contract
from ..data.cast import Form, cast
from ..data.leakage import feature_scores
from ..errors import DataError
from .infer import MAYBE, Guess
from .look import ColumnStats, listed

Task = Literal["binary", "multiclass", "regression"]
MOST_NUMBERS, MOST_LABELS, FEWEST_LABELS, OFTEN, MOST_RARE = 20, 100, 50, 5, 3
SURE = ({"false", "true"}, {"0", "1"}, {"-1", "1"})
"""Pairs of values of which the second is the positive one."""
KEY, GROUP = "names each row", "names what several rows are about"
FEW, FEWEST_ROWS, MOST_COMPARED, COMPARED_ROWS, LEAK_ROWS = 20, 100, 100, 20_000, 200
SUSPECT, EXACT, MOST_TOGETHER, MOST_SUMMED = 0.99, 0.9999, 6, 2000
PARTS = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23)}
"""Parts of a time, and between which ends each lies."""
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


def as_target(guess: Guess, task: Task | None, positive: str | None) -> dict[str, Any]:
    """Make the column the target: its task, positive value and labels, as the contract has them.

    Raises:
        DataError: the task cannot be learnt from the values, or they have no such positive one.
    """
    stats, logical = guess.stats, guess.type == "boolean"
    texts = stats.known.cast(pl.String)
    absent = texts.is_in(guess.missing)
    if guess.values is not None:
        absent |= pl.Series(np.isnan(guess.values))
    counts = _counts(_labels(texts, logical=logical).set(absent, None), stats.counts)
    labels = sorted(counts, key=float) if guess.is_whole else sorted(counts, key=str.casefold)
    task = task or _task(counts, guess)
    if problem := _problem(guess, labels, task):
        raise DataError(f"the target {stats.values.name!r} {problem}, or name another column")
    chosen = positive and _labels([positive], logical=logical)[0]
    if positive is not None and (task != "binary" or chosen not in counts):
        raise DataError(f"no --positive {positive!r}: {task}, the values are {listed(labels)}")
    n_labelled = sum(counts.values())
    if n_missing := stats.n_rows - n_labelled:
        what = "value" if task == "regression" else "label"
        guess.doubts.append(f"has no {what} in {n_missing:,} rows: they are left out as unlabelled")
    guess.rules = {"nullable": n_missing > 0}
    if task == "regression":
        return {"task": task}
    if task == "multiclass":
        if guess.values is not None:
            shown = f"has {len(labels)} different numbers, such as {listed(labels)}"
            end = "taken as labels without order; for an amount say --task regression"
            guess.doubts.append(f"{shown}: {end}")
        guess.become("category", **guess.rules)
        return {"task": task, "labels": labels}
    sure = labels[1] if set(labels) in SURE else None
    value = chosen or sure or min(labels, key=lambda label: (counts[label], label))
    if not (chosen or sure):
        share = f"the rarer ({counts[value] / n_labelled:.1%})"
        guess.doubts.append(f"is positive where it is {value!r}, {share}; else say --positive")
    if logical or guess.is_whole:
        return {"task": task, "positive": value == "true" if logical else int(value)}
    guess.become("category", **guess.rules)
    return {"task": task, "labels": labels, "positive": value}


def _problem(guess: Guess, labels: list[str], task: Task) -> str | None:
    """Why the task cannot be learnt from the values."""
    examples = guess.stats.examples
    if guess.type == "timestamp":
        return f"holds times, such as {examples}; make a number or a category of it"
    if len(labels) < 2:
        return f"is always {labels[0]!r}" if labels else "has no value"
    if task == "regression" and guess.values is None:
        return f"holds texts, such as {examples}; mend them, or leave --task out"
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
    if len(counts) == 2:
        return "binary"
    few = len(counts) <= MOST_NUMBERS and guess.is_whole
    return "multiclass" if few or guess.values is None else "regression"


def time_of(name: str | None, guesses: Guesses) -> str | None:
    """The time: what is named, or the only complete timestamp.

    Raises:
        DataError: the named column holds no times, or not in every row.
    """
    complete = [
        n for n, one in guesses.items() if one.type == "timestamp" and not one.column.nullable
    ]
    if name is None:
        return complete[0] if len(complete) == 1 else None
    if name not in complete:
        stats = guesses[name].stats
        gaps = f"has no time in every row, such as {stats.examples}"
        problem = "; ".join(
            [f"{gaps}, and {stats.n_rows - stats.n_known:,} gaps", *guesses[name].doubts]
        )
        raise DataError(f"--time: {name!r} {problem}; name another column, or leave --time out")
    return name


def find_keys(id_: str | None, guesses: Guesses, taken: Collection[str | None]) -> str | None:
    """The id: what is named, or the first column that names each row. Groups become metadata.

    Raises:
        DataError: the named column does not name each row once.
    """
    free = [n for n in guesses if n not in taken and not guesses[n].rules.get("pii")]
    first, named = next(iter(guesses)), id_
    if id_ := id_ or next((n for n in free if _names_rows(guesses[n], n == first)), None):
        stats = guesses[id_].stats
        again, gaps = stats.n_known - len(stats.known), stats.n_rows - stats.n_known
        if again or gaps:
            problem = f"{again:,} rows repeat a value and {gaps:,} have none"
            raise DataError(f"--id: {id_!r} does not name each row once: {problem}; leave --id out")
        guesses[id_].become("integer" if guesses[id_].is_whole else "string", why=KEY)
        guesses[id_].missing = []
        doubt = "is taken as the id, since it names each row; say --id for another"
        guesses[id_].doubts = [] if named else [doubt]
    columns = {name: one.stats for name, one in guesses.items()}
    for name in (n for n in free if n != id_):
        if _counts_rows(guesses[name]):
            guesses[name].leave_out("it counts the rows")
        elif _is_group(guesses[name], columns):
            guesses[name].become("category", role="metadata", why=GROUP)
            end = f"split: {{by: group, group: {name}}} in data.yaml keeps them apart"
            doubt = f"{GROUP}: no feature, and no value should be in training and test; {end}"
            guesses[name].doubts = [doubt]
    return id_


def _names_rows(guess: Guess, is_first: bool) -> bool:
    """Whether values are all there, all different, and no measurements."""
    stats = guess.stats
    if not (stats.unique and stats.complete and stats.n_rows > FEW):
        return False
    if guess.values is None:
        return guess.type == "string" and bool(stats.known.str.contains(r"^\S*[0-9]\S*$").all())
    plain = is_first and guess.is_whole and not guess.missing and guess.values.min() >= 0
    return plain or _counts_rows(guess)


def _counts_rows(guess: Guess) -> bool:
    """Whether values are the numbers from 0 or 1 up to how many rows there are, in any order."""
    n_rows, values = guess.stats.n_rows, guess.values
    if values is None or not (guess.is_whole and len(values) == n_rows > FEW):
        return False
    return bool(values.min() >= 0 and values.max() <= n_rows)


def _is_group(guess: Guess, columns: Mapping[str, ColumnStats]) -> bool:
    """Whether many values stand in several rows each, which agree in others more than by chance."""
    stats, n = guess.stats, len(guess.stats.known)
    if not guess.is_whole and not (guess.values is None and stats.is_text):
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
    return n_shared > guess.is_whole


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
    result = {
        name: f"alone tells {contract.target} ({share:.3f} of 1)"
        for name, share in feature_scores(rows, contract)
        if share >= SUSPECT and name != contract.time
    }
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
