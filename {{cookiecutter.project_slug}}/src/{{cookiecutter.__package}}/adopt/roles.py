"""What columns are to the rows: the target and its task, the time, the id, groups and leaks."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from ..contract import Contract
from ..data.cast import Form, cast
from ..data.leakage import feature_scores
from ..errors import DataError
from .forms import listed
from .infer import MAYBE, Guess

MOST_NUMBERS, MOST_LABELS, FEWEST_LABELS, OFTEN, MOST_RARE = 20, 100, 50, 5, 3
SURE = (["false", "true"], ["0", "1"], ["-1", "1"])
"""Pairs of values of which the second is the positive one."""
KEY, GROUP = "names each row", "names what several rows are about"
FEW, FEWEST_ROWS, MOST_COMPARED, COMPARED_ROWS, LEAK_ROWS = 20, 100, 100, 20_000, 200
SUSPECT, EXACT, MOST_TOGETHER, MOST_SUMMED = 0.99, 0.9999, 6, 2000
PARTS = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23)}
"""Parts of a time, and between which ends each lies."""
Guesses = Mapping[str, Guess]


def noise(target: Guess) -> list[str]:
    """Texts of a target that stand once among labels, or are a word for missing beside two."""
    labels = _labels(target)
    counts = dict(labels["label", "n"].rows())
    rare = [label for label, n in counts.items() if n == 1]
    often = sum(n >= OFTEN for n in counts.values())
    few = len(rare) <= MOST_RARE and 2 <= often == len(counts) - len(rare) <= MOST_NUMBERS
    found = rare if few and target.n_known >= FEWEST_LABELS else []
    found += [label for label in counts if label.lower() in MAYBE][:1] if len(counts) == 3 else []
    return labels.filter(pl.col("label").is_in(found))["text"].explode().to_list()


def _labels(guess: Guess) -> pl.DataFrame:
    """Each label of a target with its rows and texts."""
    texts = guess.known.cast(pl.String).alias("text")
    form = Form(type="boolean" if guess.type == "boolean" else "category")
    labels = cast(texts, form, "UTC").cast(pl.String).alias("label")
    gone = texts.is_in(guess.missing)
    if guess.floats is not None:
        gone |= pl.Series(np.isnan(guess.floats))
    rows = pl.DataFrame([texts, labels, guess.counts]).filter(~gone)
    return rows.drop_nulls().group_by("label").agg(pl.col("n").sum(), "text").sort("label")


def as_target(guess: Guess, task: str) -> dict[str, Any]:
    """Make the column the target: its task, positive value and labels, as the contract has them."""
    counts: dict[str, int] = dict(_labels(guess)["label", "n"].rows())
    labels = sorted(counts, key=float if guess.is_whole else str.casefold)
    amount = guess.floats is not None and not (guess.is_whole and len(labels) <= MOST_NUMBERS)
    task = task or {2: "binary"}.get(len(labels), "regression" if amount else "multiclass")
    most = {"binary": 2, "multiclass": MOST_LABELS}.get(task, guess.n_rows)
    if not 2 <= len(labels) <= most:
        shown = f"has {len(labels):,} different values, such as {listed(labels)}"
        end = f"{task} needs 2 to {most:,}: group them, or name another column"
        raise DataError(f"the target {guess.values.name!r} {shown}; {end}")
    n_labelled = sum(counts.values())
    if n_missing := guess.n_rows - n_labelled:
        guess.doubts.append(f"has no label in {n_missing:,} rows: they are left out")
    guess.rules = {"nullable": n_missing > 0}
    if task == "regression":
        return {"task": task}
    head: dict[str, Any] = {"task": task, "labels": labels}
    if task == "multiclass" and guess.floats is not None:
        shown = f"has {len(labels)} different numbers, such as {listed(labels)}"
        guess.doubts.append(f"{shown}: labels without order; else say --task regression")
    if task == "binary":
        positive = labels[1]
        if labels not in SURE:
            positive = min(labels, key=lambda label: (counts[label], label))
            share = f"{counts[positive] / n_labelled:.1%}"
            guess.doubts.append(f"is positive where it is {positive!r}, the rarer ({share})")
        if guess.type == "boolean" or guess.is_whole:
            value = positive == "true" if guess.type == "boolean" else int(positive)
            return {"task": task, "positive": value}
        head["positive"] = positive
    guess.become("category", **guess.rules)
    return head


def time_of(name: str, guesses: Guesses) -> str | None:
    """The time: what is named, if each row has one, or the only complete timestamp."""
    times = [n for n, one in guesses.items() if one.type == "timestamp" and not one.column.nullable]
    if not name:
        return times[0] if len(times) == 1 else None
    if name not in times:
        one = guesses[name]
        problem = f"has gaps in {one.n_rows - one.n_known:,} rows, or no times: {one.examples}"
        raise DataError(f"--time: {name!r} {problem}; name another column, or leave --time out")
    return name


def find_id(name: str, guesses: Guesses, taken: Collection[str | None]) -> str | None:
    """The id: what is named, if it names each row, or the first column that does."""
    first = next(iter(guesses))
    free = (n for n, one in guesses.items() if n not in taken and not one.rules.get("pii"))
    id_ = name or next((n for n in free if _names_rows(guesses[n], n == first)), None)
    if id_ is not None:
        one = guesses[id_]
        if not one.unique:
            problem = f"does not name each row once, such as {one.examples}"
            raise DataError(f"--id: {id_!r} {problem}; leave --id out")
        one.become("integer" if one.is_whole else "string", why=KEY)
        one.missing = []
        one.doubts = [] if name else ["is taken as the id, since it names each row; else say --id"]
    return id_


def mark_groups(guesses: Guesses, rows: pl.DataFrame, taken: Collection[str | None]) -> None:
    """Leave out what counts the rows; make metadata of what several rows are about."""
    for name, one in guesses.items():
        if name in taken or one.rules.get("pii"):
            continue
        if _counts_rows(one):
            one.leave_out("it counts the rows")
        elif _is_group(one, rows):
            one.become("category", role="metadata", why=GROUP)
            one.doubts = [f"{GROUP}: no feature; by: group in data.yaml keeps their rows together"]


def _names_rows(guess: Guess, is_first: bool) -> bool:
    """Whether values are all there, all different, and no measurements."""
    if not guess.unique or guess.n_rows <= FEW:
        return False
    if guess.floats is None:
        return guess.type == "string" and bool(guess.known.str.contains(r"^\S*[0-9]\S*$").all())
    plain = is_first and guess.is_whole and not guess.missing and guess.floats.min() >= 0
    return plain or _counts_rows(guess)


def _counts_rows(guess: Guess) -> bool:
    """Whether values are the numbers from 0 or 1 up to how many rows there are, in any order."""
    n_rows, values = guess.n_rows, guess.floats
    if values is None or not (guess.is_whole and len(values) == n_rows > FEW):
        return False
    return bool(values.min() >= 0 and values.max() <= n_rows)


def _is_group(guess: Guess, rows: pl.DataFrame) -> bool:
    """Whether many values stand in several rows each, which agree in others more than by chance."""
    key, n = guess.values.name, len(guess.known)
    if not guess.is_whole and not (guess.floats is None and guess.is_text):
        return False
    if n < FEW or not max(FEWEST_ROWS, 1.5 * n) <= guess.n_known <= 50 * n:
        return False
    others = [name for name in rows.columns[:MOST_COMPARED] if name != key]
    rows = rows.select(key, *others).head(COMPARED_ROWS)
    groups = rows.drop_nulls(key).group_by(key)
    same = groups.agg(pl.len().alias(" n"), pl.col(others).n_unique() == 1).filter(pl.col(" n") > 1)
    n_shared = 0
    for name in others:
        shares = rows[name].value_counts()["count"].to_numpy() / len(rows)
        by_chance = shares @ shares > 0.6 or len(shares) > 0.8 * n
        n_shared += not by_chance and same[name].sum() > 0.95 * len(same) > 0
    return n_shared > guess.is_whole


def spread(contract: Contract, rows: pl.DataFrame) -> Iterator[str]:
    """A doubt where columns together may say when a row happened."""
    parts: dict[str, str] = {}
    for name in (n for n in contract.numeric if contract.columns[n].type == "integer"):
        values = rows[name].drop_nulls().unique().sort()
        for part, (least, most) in PARTS.items():
            inside = len(values) and least <= values[0] and values[-1] <= most
            if part not in parts and inside and (part == "year" or len(values) == most - least + 1):
                parts[part] = name
                break
    if "month" in parts and len(parts) > 1:
        shown = ", ".join(f"`{name}`" for name in parts.values())
        end = "rows are split by chance: make one time of them, and say --time"
        yield f"{shown} may together be when a row happened, but {end}"


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
        if later.sum() >= SUSPECT * max(len(later), 1):
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
