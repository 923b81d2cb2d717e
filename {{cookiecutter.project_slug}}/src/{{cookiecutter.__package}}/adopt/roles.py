"""Which column is the time, which the id, which a leak: what columns say of one another."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from ..contract import Column, Contract
from ..data.leakage import tellings
from ..errors import DataError
from .infer import Guess
from .look import ColumnStats

KEY, GROUP, COUNTER = "names each row", "names what several rows are about", "it counts the rows"
FEW, FEWEST_ROWS, MOST_COMPARED, COMPARED_ROWS, LEAK_ROWS = 20, 100, 100, 20_000, 200
TELLS, EXACT, MOST_TOGETHER, MOST_SUMMED = 0.99, 0.9999, 6, 2000
PARTS = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23)}
"""Parts of a time, and between which ends each lies."""


def time_of(
    said: str | None, columns: Mapping[str, ColumnStats], guesses: Mapping[str, Guess]
) -> str | None:
    """The time: what is said, or the only complete timestamp."""
    stamps = [n for n, one in guesses.items() if one.column.type == "timestamp"]
    if said is None:
        sound = [name for name in stamps if not guesses[name].column.nullable]
        return sound[0] if len(sound) == 1 else None
    stats, missing = columns[said], guesses[said].missing
    if said not in stamps:
        raise DataError(
            f"--time: {said!r} holds no times that can be read, such as {stats.examples}; write them"
            " as 2024-01-31 23:59:00 in a copy of the file, or leave --time out"
        )
    if guesses[said].column.nullable:
        gaps = f"{stats.n_rows - stats.n_known:,} gaps and {stats.rows_of(missing):,} other texts"
        raise DataError(
            f"--time: {said!r} has {gaps}, and a row without its time can be in no split; name another"
            " column, or leave --time out"
        )
    return said


def keys(
    said: str | None,
    columns: Mapping[str, ColumnStats],
    guesses: Mapping[str, Guess],
    taken: set[str | None],
) -> dict[str, Guess]:
    """The id, and columns that name what several rows are about, by what their values do."""
    free = [name for name in columns if name not in taken and not guesses[name].column.pii]
    first = next(iter(columns))
    named = [n for n in free if _names_rows(columns[n], guesses[n], first=n == first)]
    found = {}
    if name := said or next(iter(named), None):
        stats = columns[name]
        again, gaps = stats.n_known - len(stats.known), stats.n_rows - stats.n_known
        if again or gaps:
            raise DataError(
                f"--id: {name!r} does not name each row once: {again:,} rows repeat a value of another"
                f" and {gaps:,} have none; name another column, or leave --id out"
            )
        whole = guesses[name].column.type == "integer" or guesses[name].column.why == COUNTER
        doubt = "is taken as the id, since it names each row; say --id for another"
        column = Column(type="integer" if whole else "string", why=KEY)
        found[name] = Guess(column=column, doubts=[] if said else [doubt])
    for name in free:
        if name not in found and _is_group(columns[name], guesses[name], columns):
            gaps = not columns[name].complete
            column = Column(type="category", nullable=gaps, role="metadata", why=GROUP)
            end = f"split: {{by: group, group: {name}}} in data.yaml keeps them apart"
            doubt = f"{GROUP}: no feature, and no value should be in training and test; {end}"
            found[name] = Guess(column=column, doubts=[doubt])
    return found


def _names_rows(stats: ColumnStats, guess: Guess, *, first: bool) -> bool:
    """Whether values are all there, all others, and no measurements."""
    if not (stats.unique and stats.complete and stats.n_rows > FEW):
        return False
    if guess.values is not None:
        whole = guess.column.type == "integer" or guess.column.why == COUNTER
        return first and whole and not guess.missing and bool(guess.values.min() >= 0)
    return guess.column.type == "string" and bool(stats.known.str.contains(r"^\S*[0-9]\S*$").all())


def _is_group(stats: ColumnStats, guess: Guess, columns: Mapping[str, ColumnStats]) -> bool:
    """Whether many values stand in several rows each, which agree in others more than by chance."""
    n, whole = len(stats.known), guess.column.type == "integer"
    if guess.numbers or not (whole or (guess.values is None and stats.is_text)):
        return False
    if n < FEW or not max(FEWEST_ROWS, 1.5 * n) <= stats.n_known <= 50 * n:
        return False
    others = [other for other in list(columns)[:MOST_COMPARED] if other != stats.name]
    rows = pl.DataFrame([columns[name].values for name in (stats.name, *others)]).head(
        COMPARED_ROWS
    )
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
    found: dict[str, str] = {}
    whole = [name for name in contract.numeric if contract.columns[name].type == "integer"]
    for part, (least, most) in PARTS.items():
        for name in (name for name in whole if name not in found.values()):
            values = np.unique(rows[name].drop_nulls().to_numpy())
            inside = len(values) > 0 and least <= values[0] and values[-1] <= most
            if inside and (part == "year" or len(values) == most - least + 1):
                found[part] = name
                break
    if "month" in found and len(found) > 1:
        shown = ", ".join(f"`{name}`" for name in found.values())
        yield (
            f"{shown} may together be when a row happened ({', '.join(found)}), and rows are split by"
            " chance, so that the future trains and the past tests; make one time of them in a copy of"
            " the file, and say --time"
        )


def leaks(rows: pl.DataFrame, contract: Contract) -> dict[str, str]:
    """Features that are suspected to be known only after the target, and why."""
    rows = rows.filter(pl.col(contract.target).is_not_null())
    if len(rows) < LEAK_ROWS:
        return {}
    alone = {n: v for n, v in tellings(rows, contract) if v >= TELLS and n != contract.time}
    found = {n: f"alone tells {contract.target} ({v:.3f} of 1)" for n, v in alone.items()}
    for name in contract.times if contract.time else ():
        ahead = (rows[name] > rows[contract.time]).drop_nulls()  # type: ignore[index]
        if len(ahead) and ahead.sum() >= TELLS * len(ahead):
            found[name] = f"always lies after {contract.time}"
    names = [name for name in contract.numeric if name not in found][:MOST_SUMMED]
    together = _sum(rows, contract.target, names) if contract.task == "regression" else []
    for name in together:
        others = ", ".join(one for one in together if one != name)
        found[name] = f"together with {others} makes {contract.target}"
    return found


def _sum(rows: pl.DataFrame, target: str, names: list[str]) -> list[str]:
    """Columns of which the target is a sum or difference: chosen one by one, while that helps."""
    columns = pl.col(*names, target).cast(pl.Float64).clip(-1e100, 1e100)
    *table, goal = rows.select((columns - columns.mean()).fill_null(0)).to_numpy().T
    chosen, left = list[int](), goal
    while len(chosen) < min(MOST_TOGETHER, len(table)):
        norms = [np.sqrt(one @ one) + 1e-300 for one in table]
        score = [abs(one @ left) / norm for one, norm in zip(table, norms, strict=True)]
        chosen.append(max(set(range(len(table))) - set(chosen), key=lambda n: score[n]))
        basis = np.array([table[n] for n in chosen])
        weights = np.linalg.lstsq(basis.T, goal, rcond=None)[0]
        left = goal - weights @ basis
        if left @ left <= (1 - EXACT) * (goal @ goal):
            exact = len(chosen) > 1 and np.abs(np.abs(weights) - 1).max() < 0.02
            return [names[n] for n in chosen] if exact else []
    return []
