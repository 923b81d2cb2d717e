"""Columns that know too much: of the target alone, together, or since they come after it."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from ..contract import Contract
from ..data.leakage import telling, tellings

TELLS, EXACT, AFTER = 0.99, 0.9999, 0.99
FEWEST_ROWS, MOST_TOGETHER, MOST_PAIRED, MOST_SUMMED = 200, 6, 20, 2000


def leaks(rows: pl.DataFrame, contract: Contract) -> dict[str, str]:
    """Features that are suspected to be known only after the target, and why."""
    rows = rows.filter(pl.col(contract.target).is_not_null())
    if len(rows) < FEWEST_ROWS:
        return {}
    found = {
        name: f"alone tells {contract.target} ({value:.3f} of 1)"
        for name, value in tellings(rows, contract)
        if value >= TELLS and name != contract.time
    }
    found |= dict(_later(rows, contract))
    names = [name for name in contract.numeric if name not in found]
    together = {"regression": _sum, "binary": _difference}.get(contract.task)
    return found | dict(together(rows, contract, names) if together else ())


def _later(rows: pl.DataFrame, contract: Contract) -> Iterator[tuple[str, str]]:
    for name in contract.times if contract.time else ():
        ahead = (rows[name] > rows[contract.time]).drop_nulls()  # type: ignore[index]
        if len(ahead) and ahead.sum() >= AFTER * len(ahead):
            yield name, f"always lies after {contract.time}"


def _sum(rows: pl.DataFrame, contract: Contract, names: list[str]) -> Iterator[tuple[str, str]]:
    """Columns of which the target is a sum or difference: chosen one by one, while that helps."""
    names = names[:MOST_SUMMED]
    table, (target,) = _centred(rows, names), _centred(rows, [contract.target])
    norms = np.sqrt((table**2).sum(1)) + 1e-300
    chosen: list[int] = []
    left = target
    while len(chosen) < min(MOST_TOGETHER, len(names)):
        score = np.abs(table @ left) / norms
        score[chosen] = -1
        chosen.append(int(score.argmax()))
        weights = np.linalg.lstsq(table[chosen].T, target, rcond=None)[0]
        left = target - weights @ table[chosen]
        if float(left @ left) <= (1 - EXACT) * float(target @ target):
            if len(chosen) > 1 and np.abs(np.abs(weights) - 1).max() < 0.02:
                for place in chosen:
                    others = ", ".join(names[one] for one in chosen if one != place)
                    yield names[place], f"together with {others} makes {contract.target}"
            return


def _centred(rows: pl.DataFrame, names: list[str]) -> npt.NDArray[np.float64]:
    """Columns ``[columns, rows]`` about their mean, which gaps have, too."""
    columns = pl.col(names).cast(pl.Float64).clip(-1e100, 1e100)
    found: npt.NDArray[np.float64] = (
        rows.select((columns - columns.mean()).fill_null(0)).to_numpy().T
    )
    return found


def _difference(
    rows: pl.DataFrame, contract: Contract, names: list[str]
) -> Iterator[tuple[str, str]]:
    """Pairs of which the difference tells the target."""
    names = [n for n in names if contract.columns[n].type != "boolean"][:MOST_PAIRED]
    for place, one in enumerate(names):
        for two in names[:place]:
            difference = rows[one].cast(pl.Float64) - rows[two]
            if telling(difference, rows[contract.target], "binary", contract.positive) >= TELLS:
                yield one, f"together with {two} tells {contract.target}"
                yield two, f"together with {one} tells {contract.target}"
