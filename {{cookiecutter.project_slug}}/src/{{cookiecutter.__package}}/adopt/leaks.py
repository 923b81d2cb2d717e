"""Columns that know too much: of the target alone, together, or since they come after it."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from ..contract import Contract
from ..data.leakage import telling, tellings

TELLS, ALIKE, EXACT, AFTER = 0.99, 0.999, 0.9999, 0.99
FEWEST_ROWS, MOST_PAIRS, MOST_TOGETHER, MOST_COLUMNS = 200, 10, 6, 1000
Floats = npt.NDArray[np.float64]


def leaks(rows: pl.DataFrame, contract: Contract) -> dict[str, str]:
    """Features that are suspected to be known only after the target, and why."""
    rows = rows.filter(pl.col(contract.target).is_not_null())
    if len(rows) < FEWEST_ROWS:
        return {}
    alone = {name: value for name, value in tellings(rows, contract) if value >= TELLS}
    alone.pop(contract.time or "", None)
    found = {name: f"alone tells {contract.target} ({alone[name]:.3f} of 1)" for name in alone}
    found |= dict(_later(rows, contract))
    names = [n for n in contract.numeric if n not in found][:MOST_COLUMNS]
    if contract.task == "regression":
        found |= dict(_sum(rows, contract, names))
    elif contract.task == "binary":
        found |= dict(_difference(rows, contract, names))
    return found


def _later(rows: pl.DataFrame, contract: Contract) -> Iterator[tuple[str, str]]:
    if contract.time is None:
        return
    for name in contract.times:
        known = rows.select(at=contract.time, other=name).drop_nulls()
        ahead = (known["other"] - known["at"]).dt.total_seconds() > 0
        if name != contract.time and len(known) and ahead.mean() >= AFTER:  # type: ignore[operator]
            yield name, f"always lies after {contract.time}"


def _sum(rows: pl.DataFrame, contract: Contract, names: list[str]) -> Iterator[tuple[str, str]]:
    """Columns of which the target is a sum or difference: chosen one by one, while that helps."""
    table = floats(rows, names)
    target = floats(rows, [contract.target])[0]
    chosen: list[int] = []
    left = target - target.mean()
    whole = float((left**2).sum())
    centred = np.nan_to_num(table - np.nanmean(table, 1, keepdims=True)) if len(table) else table
    norm = np.sqrt((centred**2).sum(1)) + 1e-300
    while len(chosen) < min(MOST_TOGETHER, len(names)):
        score = np.abs(centred @ left) / norm
        score[chosen] = -1
        chosen.append(int(score.argmax()))
        weights = np.linalg.lstsq(centred[chosen].T, target - target.mean(), rcond=None)[0]
        left = target - target.mean() - weights @ centred[chosen]
        if float((left**2).sum()) <= (1 - EXACT) * whole:
            break
    else:
        return
    if np.abs(np.abs(weights) - 1).max() < 0.02 and len(chosen) > 1:
        for place in chosen:
            others = ", ".join(names[other] for other in chosen if other != place)
            yield names[place], f"together with {others} makes {contract.target}"


def _difference(
    rows: pl.DataFrame, contract: Contract, names: list[str]
) -> Iterator[tuple[str, str]]:
    """Pairs of which the difference tells the target."""
    names = names[:20]
    table, target = floats(rows, names).clip(-1e150, 1e150), rows[contract.target]
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        difference = pl.Series(table[i] - table[j]).fill_nan(None)
        if telling(difference, target, contract.task, contract.positive) >= TELLS:
            yield names[i], f"together with {names[j]} tells {contract.target}"
            yield names[j], f"together with {names[i]} tells {contract.target}"


def twins(rows: pl.DataFrame, contract: Contract) -> list[tuple[str, str]]:
    """Pairs of numeric features that say nearly the same."""
    names = [n for n in contract.numeric if contract.columns[n].type != "boolean"][:MOST_COLUMNS]
    if len(names) < 2 or len(rows) < 10:
        return []
    values = floats(rows, names)
    counts = np.maximum((~np.isnan(values)).sum(1, keepdims=True), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        centred = np.nan_to_num(values - np.nansum(values, 1, keepdims=True) / counts)
        norm = np.sqrt((centred**2).sum(1, keepdims=True))
        unit = np.nan_to_num(centred / np.where(norm > 0, norm, 1), posinf=0, neginf=0)
    first, second = np.nonzero(np.triu(np.abs(unit @ unit.T) > ALIKE, 1))
    return [(names[a], names[b]) for a, b in zip(first, second, strict=True)][:MOST_PAIRS]


def floats(rows: pl.DataFrame, names: list[str]) -> Floats:
    """Columns as numbers ``[columns, rows]``, gaps as NaN."""
    found: Floats = rows.select(pl.col(names).cast(pl.Float64).fill_null(np.nan)).to_numpy().T
    return found
