"""Which column is the time, which the id, which a leak: what columns say of one another."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import polars as pl

from ..contract import Column, Contract
from ..data.leakage import tellings
from ..errors import DataError
from .infer import COUNTER, Guess
from .look import ColumnStats

KEY, GROUP = "names each row", "names what several rows are about"
FEW, FEWEST_ROWS, MOST_COMPARED, COMPARED_ROWS, LEAK_ROWS = 20, 100, 100, 20_000, 200
TELLS, EXACT, MOST_TOGETHER, MOST_SUMMED = 0.99, 0.9999, 6, 2000
PARTS = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23)}
"""Parts of a time, and between which ends each lies."""
Columns = Mapping[str, ColumnStats]
Guesses = Mapping[str, Guess]


def time_of(said: str | None, columns: Columns, guesses: Guesses) -> str | None:
    """The time: what is said, or the only complete timestamp."""
    stamps = [n for n, one in guesses.items() if one.column.type == "timestamp"]
    sound = [name for name in stamps if not guesses[name].column.nullable]
    if said is None:
        return sound[0] if len(sound) == 1 else None
    if said in sound:
        return said
    stats = columns[said]
    wrong = f"holds no times that can be read, such as {stats.examples}"
    if said in stamps:
        n_odd = stats.rows_of(guesses[said].missing)
        wrong = f"has {stats.n_rows - stats.n_known:,} gaps and {n_odd:,} other texts"
    raise DataError(f"--time: {said!r} {wrong}; name a column of times, or leave --time out")


def keys(
    said: str | None, columns: Columns, guesses: Guesses, taken: Collection[str | None]
) -> dict[str, Guess]:
    """The id, and columns that name what several rows are about, by what their values do."""
    free = [name for name in columns if name not in taken and not guesses[name].column.pii]
    result = {}
    named = (n for n in free if _names_rows(columns[n], guesses[n], first=n == next(iter(columns))))
    if name := said or next(named, None):
        stats = columns[name]
        again, gaps = stats.n_known - len(stats.known), stats.n_rows - stats.n_known
        if again or gaps:
            wrong = f"{again:,} rows repeat a value and {gaps:,} have none"
            raise DataError(f"--id: {name!r} does not name each row once: {wrong}; leave --id out")
        column = Column(type="integer" if _is_whole(guesses[name]) else "string", why=KEY)
        doubt = "is taken as the id, since it names each row; say --id for another"
        result[name] = Guess(column=column, doubts=[] if said else [doubt])
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


def _names_rows(stats: ColumnStats, guess: Guess, *, first: bool) -> bool:
    """Whether values are all there, all others, and no measurements."""
    if not (stats.unique and stats.complete and stats.n_rows > FEW):
        return False
    if guess.values is not None:
        return first and _is_whole(guess) and not guess.missing and guess.values.min() >= 0
    return guess.column.type == "string" and bool(stats.known.str.contains(r"^\S*[0-9]\S*$").all())


def _is_group(stats: ColumnStats, guess: Guess, columns: Columns) -> bool:
    """Whether many values stand in several rows each, which agree in others more than by chance."""
    n, whole = len(stats.known), guess.column.type == "integer"
    if guess.numbers or not (whole or (guess.values is None and stats.is_text)):
        return False
    if n < FEW or not max(FEWEST_ROWS, 1.5 * n) <= stats.n_known <= 50 * n:
        return False
    others = [other for other in list(columns)[:MOST_COMPARED] if other != stats.name]
    rows = pl.DataFrame([columns[name].values for name in (stats.name, *others)])
    rows = rows.head(COMPARED_ROWS)
    groups = rows.drop_nulls(stats.name).group_by(stats.name)
    same = groups.agg(pl.len().alias(" n"), pl.col(others).n_unique() == 1).filter(pl.col(" n") > 1)
    shared = 0
    for name in others:
        shares = rows[name].value_counts()["count"].to_numpy() / len(rows)
        by_chance = (shares**2).sum() > 0.6 or len(shares) > 0.8 * n
        shared += not by_chance and same[name].sum() > 0.95 * len(same) > 0
    return shared > whole


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
    alone = {n: v for n, v in tellings(rows, contract) if v >= TELLS and n != contract.time}
    result = {n: f"alone tells {contract.target} ({v:.3f} of 1)" for n, v in alone.items()}
    for name in contract.times if contract.time else ():
        ahead = (rows[name] > rows[contract.time]).drop_nulls()  # type: ignore[index]
        if len(ahead) and ahead.sum() >= TELLS * len(ahead):
            result[name] = f"always lies after {contract.time}"
    names = [name for name in contract.numeric if name not in result][:MOST_SUMMED]
    together = _sum(rows, contract.target, names) if contract.task == "regression" else []
    for name in together:
        others = ", ".join(one for one in together if one != name)
        result[name] = f"together with {others} makes {contract.target}"
    return result


def _sum(rows: pl.DataFrame, target: str, names: list[str]) -> list[str]:
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
