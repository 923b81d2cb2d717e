"""Which column is the time, which the id, and what columns say of one another."""

from collections.abc import Iterator, Mapping

import polars as pl

from ..contract import Column, Contract
from ..errors import DataError
from .infer import Guess
from .look import ColumnStats

KEY, GROUP, COUNTER = "names each row", "names what several rows are about", "it counts the rows"
FEWEST_VALUES, FEWEST_ROWS, MOST_COMPARED, COMPARED_ROWS = 20, 100, 100, 20_000
PARTS = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23)}
"""Parts of a time, and between which ends each lies."""
Columns, Guesses = Mapping[str, ColumnStats], Mapping[str, Guess]


def time_of(said: str | None, columns: Columns, guesses: Guesses) -> str | None:
    """The time: what is said, or the only complete timestamp.

    Raises:
        DataError: what is said holds gaps, or no times.
    """
    stamps = [n for n, one in guesses.items() if one.column.type == "timestamp"]
    if said is None:
        sound = [name for name in stamps if not guesses[name].column.nullable]
        return sound[0] if len(sound) == 1 else None
    stats, gaps = columns[said], columns[said].n_rows - columns[said].n_known
    if said not in stamps:
        raise DataError(
            f"--time: {said!r} holds no times that can be read, such as {stats.examples}; write them"
            " as 2024-01-31 23:59:00 in a copy of the file, or leave --time out"
        )
    if guesses[said].column.nullable:
        odd = f"{stats.rows_of(guesses[said].missing):,} values that are none"
        raise DataError(
            f"--time: {said!r} has {gaps:,} gaps and {odd}, and a row without its time can be in no"
            " split; name another column, or leave --time out"
        )
    return said


def keys(
    said: str | None, columns: Columns, guesses: Guesses, taken: set[str | None]
) -> dict[str, Guess]:
    """The id, and columns that name what several rows are about, by what their values do.

    Raises:
        DataError: the id that is said has gaps or repeats.
    """
    free = [name for name in columns if name not in taken and not guesses[name].column.pii]
    first = next(iter(columns))
    named = [n for n in free if _names_rows(columns[n], guesses[n], first=n == first)]
    found = {}
    if name := said or next(iter(named), None):
        stats = columns[name]
        again = stats.n_known - len(stats.known)
        if again or not stats.complete:
            raise DataError(
                f"--id: {name!r} does not name each row once: {again:,} rows repeat a value of another"
                f" and {stats.n_rows - stats.n_known:,} have none; name another column, or leave --id"
                " out (the rows are then told apart by all their values)"
            )
        whole = guesses[name].column.type == "integer" or guesses[name].column.why == COUNTER
        column = Column(type="integer" if whole else "string", why=KEY)
        doubt = "is taken as the id, since it names each row; say --id for another"
        found[name] = Guess(column=column, doubts=[] if said else [doubt])
    for name in (name for name in free if name not in found):
        if _is_group(columns[name], guesses[name], columns):
            gaps = not columns[name].complete
            column = Column(type="category", nullable=gaps, role="metadata", why=GROUP)
            end = f"in data.yaml say split: {{by: group, group: {name}}} unless it does"
            doubt = (
                f"{GROUP}: no feature, and rows of one should not lie in training and test; {end}"
            )
            found[name] = Guess(column=column, doubts=[doubt])
    return found


def _names_rows(stats: ColumnStats, guess: Guess, *, first: bool) -> bool:
    """Whether values are all there, all others, and no measurements."""
    if not (stats.unique and stats.complete and stats.n_rows > FEWEST_VALUES):
        return False
    if guess.values is not None:
        whole = guess.column.type == "integer" or guess.column.why == COUNTER
        return first and whole and not guess.missing and bool(guess.values.min() >= 0)
    return guess.column.type == "string" and bool(stats.known.str.contains(r"^\S*[0-9]\S*$").all())


def _is_group(stats: ColumnStats, guess: Guess, columns: Columns) -> bool:
    """Whether many values stand in several rows each, which agree in others more than by chance."""
    n, whole = len(stats.known), guess.column.type == "integer"
    if guess.numbers or not (whole or (guess.values is None and stats.is_text)):
        return False
    if n < FEWEST_VALUES or not max(FEWEST_ROWS, 1.5 * n) <= stats.n_known <= 50 * n:
        return False
    others = [other for other in list(columns)[:MOST_COMPARED] if other != stats.name]
    rows = pl.DataFrame([columns[name].values for name in (stats.name, *others)]).head(
        COMPARED_ROWS
    )
    groups = rows.drop_nulls(stats.name).group_by(stats.name)
    same = groups.agg(pl.len().alias(" n"), pl.col(others).n_unique() == 1).filter(pl.col(" n") > 1)
    shared = 0
    for name in others:
        shares = rows[name].value_counts()["count"] / len(rows)
        by_chance = (shares**2).sum() > 0.6 or len(shares) > 0.8 * n
        shared += not by_chance and same[name].sum() > 0.95 * len(same) > 0
    return shared > whole


def spread(contract: Contract, rows: pl.DataFrame) -> Iterator[str]:
    """A doubt where columns together may say when a row happened."""
    found: dict[str, str] = {}
    whole = [name for name in contract.numeric if contract.columns[name].type == "integer"]
    for part, (least, most) in PARTS.items():
        for name in (name for name in whole if name not in found.values()):
            if not len(values := rows[name].drop_nulls()):
                continue
            low, high, n = int(values.min()), int(values.max()), values.n_unique()  # type: ignore[call-overload]
            full = (low, high) == (least, most) and n == most - least + 1
            if full or (part == "year" and least <= low and high <= most and n <= 60):
                found[part] = name
                break
    if "month" in found and len(found) > 1:
        shown = ", ".join(f"`{name}`" for name in found.values())
        yield (
            f"{shown} may together be when a row happened ({', '.join(found)}), and rows are split by"
            " chance, so that the future trains and the past tests; make one time of them in a copy of"
            " the file, and say --time"
        )
